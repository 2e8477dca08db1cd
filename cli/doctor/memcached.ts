/**
 * One memcached server: that it answers, and that it is set up so that it cannot lose a vote in silence. Its statistics
 * are read in one round trip; judging them is a pure function.
 */
import { SECOND, wallMs } from "#lib/base/clock.ts";
import type { Config } from "#lib/config/config.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { nearlyFull, refusedItems } from "#lib/memcached/memory-stats.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { slotBytesMax } from "#lib/queue/slot-codec.ts";
import { checkClock, isOlder } from "./clocks.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";

type Stats = ReadonlyMap<string, string>;

/** What a server reports. */
export interface ServerFacts {
  readonly name: string;
  readonly stats: Stats;
  readonly settings: Stats;
  /** By slab class. */
  readonly items: Stats;
  /** This machine's clock when the server told the time: not before, not after. */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** Votes wait on it. */
  readonly holdsQueues: boolean;
  /** Connections that our processes may open. */
  readonly connectionsNeeded: number;
}

const mebibyte = 1_048_576;
const itemBytesMin = mebibyte;
/** Memory of one voter while a poll is open: the mark, and for a moment the ballot. */
const bytesPerVoter = 200;
const limitBytesMin = 256 * mebibyte;
const full = 0.95;
const oldestVersion = "1.6";
/** Processes besides the front's: worker, commands, monitoring. */
const otherConnections = 3;

/** Everything about one server. One round trip; never rejects for a server that is away. */
export async function checkMemcached(
  server: MemcachedClient,
  config: Pick<Config, "frontProcesses">,
  holdsQueues: boolean,
): Promise<Finding[]> {
  const about = `memcached ${server.name}`;
  try {
    await server.read(new Pipeline());
    const p = new Pipeline();
    const [general, settings, items] = [p.stats(), p.stats("settings"), p.stats("items")];
    const askedAtMs = wallMs();
    const replies = await server.read(p);
    const answeredAtMs = wallMs();
    const connectionsNeeded = config.frontProcesses + 1 + otherConnections;
    const facts = { name: server.name, askedAtMs, answeredAtMs, holdsQueues, connectionsNeeded };
    return judgeMemcached({
      ...facts,
      stats: replies.of(general),
      settings: replies.of(settings),
      items: replies.of(items),
    });
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return [
      wrong(
        about,
        "memcached-is-away",
        `does not answer (${reasonOf(error)})`,
        "Start it, or open the way to it. Until then votes go to the other servers, or straight into MySQL.",
      ),
    ];
  }
}

function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message.replace(/^memcached: /, "");
}

/** The findings about a server. */
export function judgeMemcached(facts: ServerFacts): Finding[] {
  const about = `memcached ${facts.name}`;
  const found = [
    ...checkVersion(about, facts),
    ...checkEvictions(about, facts),
    ...checkMemory(about, facts),
    ...checkOptions(about, facts),
    ...checkConnections(about, facts),
    ...checkExposure(about, facts),
    ...checkClock({
      about,
      theirMs: numberIn(facts.stats, "time") * SECOND,
      resolutionMs: SECOND,
      notBeforeMs: facts.askedAtMs,
      notAfterMs: facts.answeredAtMs,
    }),
  ];
  if (found.length > 0) return found;
  const version = facts.stats.get("version");
  const [used, limit] = [numberIn(facts.stats, "bytes"), limitOf(facts)];
  return [ok(about, `${version}, -M, ${Math.round(used / mebibyte)} of ${megabytes(limit)} used`)];
}

const numberIn = (stats: Stats, name: string) => Number(stats.get(name) ?? 0);
const limitOf = ({ stats }: ServerFacts) => numberIn(stats, "limit_maxbytes");
const megabytes = (bytes: number) => `${Math.round(bytes / mebibyte)} MB`;

function checkVersion(about: string, { stats }: ServerFacts): Finding[] {
  const version = stats.get("version") ?? "unknown";
  if (!isOlder(version, oldestVersion)) return [];
  return [
    wrong(
      about,
      "memcached-is-set-up-for-something-else",
      `is version ${version}`,
      `Install ${oldestVersion} or later: earlier versions cannot move memory between item sizes while they run.`,
    ),
  ];
}

/** On a server without queues everything can be rebuilt: evictions there only cost time. */
function checkEvictions(about: string, { stats, settings, holdsQueues }: ServerFacts): Finding[] {
  const say = holdsQueues ? wrong : warn;
  const found: Finding[] = [];
  const evictions = numberIn(stats, "evictions");
  if (evictions > 0) {
    const what = holdsQueues ? "waiting votes may be among them" : "normally marks and tallies";
    found.push(
      say(
        about,
        "memcached-evicts-items",
        `has evicted ${evictions} items for lack of memory: ${what}`,
        "Check the books (`floodgate recount`), then restart it with -M and a larger -m.",
      ),
    );
  }
  if (settings.get("evictions") !== "off") {
    found.push(
      say(
        about,
        "memcached-evicts-items",
        "runs without -M: when it is full, it evicts items in silence",
        "Restart it with -M when no votes wait in it.",
      ),
    );
  }
  return found;
}

function checkMemory(about: string, facts: ServerFacts): Finding[] {
  const { stats } = facts;
  const [used, limit] = [numberIn(stats, "bytes"), limitOf(facts)];
  const section = "memcached-is-nearly-full";
  const todo = "Give it more memory (-m), or find out why ballots are not flushed.";
  const found: Finding[] = [];
  if (used > nearlyFull * limit) {
    const say = used > full * limit ? wrong : warn;
    const percent = Math.floor((100 * used) / limit);
    found.push(
      say(about, section, `is ${percent} % full; when it is full, it refuses votes`, todo),
    );
  }
  const refused = refusedItems(facts.items);
  if (refused > 0) {
    const says = `has refused ${refused} items since it started, because it was full`;
    found.push(warn(about, section, says, todo));
  }
  if (limit < limitBytesMin) {
    const voters = Math.floor(limit / bytesPerVoter / 1000);
    found.push(
      warn(
        about,
        section,
        `has ${megabytes(limit)}: enough for about ${voters},000 voters in open polls`,
        "Start it with -m 512 or more; a mention on air brings a million.",
      ),
    );
  }
  return found;
}

function checkOptions(about: string, { settings }: ServerFacts): Finding[] {
  const section = "memcached-is-set-up-for-something-else";
  const found: Finding[] = [];
  const itemBytes = numberIn(settings, "item_size_max");
  if (itemBytes < itemBytesMin) {
    found.push(
      wrong(
        about,
        section,
        `takes no item over ${Math.round(itemBytes / 1024)} kB; a slot has up to ${slotBytesMax / 1024} kB, the list of polls more`,
        "Start it without -I: its default of 1 MB is enough.",
      ),
    );
  }
  if (numberIn(settings, "idle_timeout") === 0) {
    found.push(
      warn(
        about,
        section,
        "keeps idle connections for ever: a front that was paused for ten minutes could write a slot that is never read",
        "Start it with -o idle_timeout=60.",
      ),
    );
  }
  if (settings.get("flush_enabled") === "yes") {
    found.push(
      warn(
        about,
        section,
        "lets every client delete everything (flush_all)",
        "Start it with -F. After a flush_all, fronts enqueue again only what they still hold; the rest is lost.",
      ),
    );
  }
  return found;
}

function checkConnections(about: string, facts: ServerFacts): Finding[] {
  const { stats, settings, connectionsNeeded } = facts;
  const most = numberIn(settings, "maxconns");
  const rejected = numberIn(stats, "rejected_connections");
  const section = "connections-run-out";
  const found: Finding[] = [];
  if (most < connectionsNeeded) {
    const says = `takes ${most} connections; this machine's processes may open ${connectionsNeeded}`;
    found.push(wrong(about, section, says, "Start it with -c 1024."));
  }
  if (rejected > 0) {
    const says = `has rejected ${rejected} connections since it started`;
    found.push(warn(about, section, says, "Start it with a larger -c, or find out who connects."));
  }
  return found;
}

/** `inter` is the value of `-l`; NULL means every address of the machine. */
function checkExposure(about: string, { settings }: ServerFacts): Finding[] {
  const addresses = (settings.get("inter") ?? "NULL").split(",");
  const isLocal = (address: string) =>
    /^(localhost|127\.|\[?::1)/.test(address) || settings.get("domain_socket") === address;
  const asks = ["auth_enabled_sasl", "auth_enabled_ascii"].some(
    name => settings.get(name) === "yes",
  );
  if (asks || addresses.every(isLocal)) return [];
  const where = addresses.includes("NULL") ? "every address of its machine" : addresses.join(", ");
  return [
    warn(
      about,
      "memcached-can-be-reached-by-others",
      `listens on ${where} and asks for no password: anybody who reaches it can read and change votes`,
      "Start it with -l 127.0.0.1; with several machines, on a private network, with a firewall that admits only the fronts and the worker.",
    ),
  ];
}
