/**
 * Copies of the fleet record in memcached, so that a process which starts while MySQL is away can compare its settings all
 * the same. Every process keeps its entry on every memcached server that it knows, so one that lacks a server finds the
 * others on the rest.
 *
 * One value on each server holds all entries, and is replaced by compare-and-swap. It is small, and no vote waits for it:
 * each process reads and writes it once in five seconds.
 *
 * Invariant: a process runs if its entry changes. Its age proves nothing, because a clock may be wrong.
 * **On failure:** a server that can't be used is left out; with none, nothing is compared.
 */
import { MINUTE, monotonicMs, SECOND, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { fleetKey } from "../memcached/keys.ts";
import { Pipeline, type Versioned } from "../memcached/pipeline.ts";
import type { FleetMember, ProcessIdentity, ProcessState } from "../store/fleet-processes.ts";
import { type Conflict, conflictOf } from "./compared-settings.ts";
import { silentMs } from "./registration.ts";

export const exchangeEveryMs = 5 * SECOND;
/** A value expires when no process writes it any more; an entry is dropped when its process no longer renews it. */
const ttlMs = MINUTE;
/** Each failure means that another process wrote its entry. */
const attemptsMax = 20;
const lookPauseMs = 0.5 * SECOND;
/** No process of ours names more. */
const homesMax = 1_000;

type Self = Pick<ProcessIdentity, "id" | "settings">;
type Entries = readonly FleetMember[];

export class FleetCopies {
  readonly #servers: () => readonly MemcachedClient[];
  #startedAtMs: number | undefined;
  /** When each process was last seen, by its own entry. */
  #seen: ReadonlyMap<string, number> = new Map();
  /** The highest number of homes that the entries name. */
  homes = 0;

  /** @param servers - each once, as they are now. */
  constructor(servers: () => readonly MemcachedClient[]) {
    this.#servers = servers;
  }

  /**
   * The running process that a process which starts must give way to; `undefined`: it may serve; `unknown`: memcached has
   * no entries. Waits until an entry that differs proves to be of a process that runs, or of one that ended. Never rejects.
   */
  async conflictAtStart({ id, settings }: Self): Promise<Conflict | "unknown" | undefined> {
    const first = await this.#read();
    if (first.length === 0) return "unknown";
    const seen = seenIn(first);
    const untilMs = monotonicMs() + silentMs + SECOND;
    for (let entries = first; ; entries = await this.#read()) {
      const running = entries.filter(each => seen.get(each.id) !== each.seenAtMs);
      const conflict = conflictOf({ id, settings }, running);
      if (conflict) return conflict;
      const mayConflict = conflictOf({ id, settings }, entries) !== undefined;
      if (!mayConflict || monotonicMs() > untilMs) return undefined;
      await sleep(lookPauseMs);
    }
  }

  /**
   * Renews this process's entry, and compares its settings with those of others that have renewed theirs since the last
   * call. Resolves with the process that it must give way to. Never rejects.
   *
   * @param nowMs - site time.
   */
  async exchange(
    { pidSpace: _, ...identity }: ProcessIdentity,
    state: ProcessState,
    nowMs: number,
  ): Promise<Conflict | undefined> {
    this.#startedAtMs ??= nowMs;
    const own = { ...identity, ...state, startedAtMs: this.#startedAtMs, seenAtMs: nowMs };
    const entries = await this.#write(own);
    this.homes = Math.max(this.homes, ...entries.map(homesOf));
    const seen = this.#seen;
    const running = entries.filter(({ id, seenAtMs }) => seen.has(id) && seen.get(id) !== seenAtMs);
    this.#seen = seenIn(entries);
    return conflictOf(own, running);
  }

  /** Removes this process's entry. Never rejects. */
  async leave({ id }: Pick<ProcessIdentity, "id">): Promise<void> {
    if (this.#startedAtMs === undefined) return;
    await this.#onEach(server => replaceOn(server, all => all.filter(each => each.id !== id)));
  }

  async #read(): Promise<Entries> {
    return merged(await this.#onEach(async server => entriesOf(await readFrom(server))));
  }

  async #write(own: FleetMember): Promise<Entries> {
    const isOther = ({ id, seenAtMs }: FleetMember) =>
      id !== own.id && seenAtMs > own.seenAtMs - ttlMs;
    return merged(
      await this.#onEach(server => replaceOn(server, all => [...all.filter(isOther), own])),
    );
  }

  #onEach(work: (server: MemcachedClient) => Promise<Entries>): Promise<Entries[]> {
    return Promise.all(
      this.#servers().map(server => orWhenMemcachedFails<Entries, Entries>(work(server), () => [])),
    );
  }
}

/** Entries of another release may lack it, or name a number that is none. */
function homesOf({ homes, home }: Partial<FleetMember>): number {
  const count = Math.max(homes ?? 0, (home ?? -1) + 1);
  return Number.isInteger(count) && count <= homesMax ? count : 0;
}

const seenIn = (entries: Entries): ReadonlyMap<string, number> =>
  new Map(entries.map(({ id, seenAtMs }) => [id, seenAtMs]));

/** The newest entry of each process, the one that started first at the front. */
function merged(found: readonly Entries[]): Entries {
  const newest = new Map<string, FleetMember>();
  for (const member of found.flat()) {
    const { seenAtMs = Number.NEGATIVE_INFINITY } = newest.get(member.id) ?? {};
    if (member.seenAtMs > seenAtMs) newest.set(member.id, member);
  }
  return [...newest.values()].sort((a, b) => a.startedAtMs - b.startedAtMs);
}

async function readFrom(server: MemcachedClient): Promise<Versioned | null> {
  const pipeline = new Pipeline();
  const op = pipeline.getVersioned(fleetKey);
  return (await server.read(pipeline)).of(op);
}

/** Bytes that no process of ours wrote are no entries: the value is written anew. */
function entriesOf(found: Versioned | null): Entries {
  try {
    const entries: unknown = JSON.parse(found?.value.toString() ?? "[]");
    return Array.isArray(entries) ? (entries as Entries) : [];
  } catch {
    return [];
  }
}

/** Resolves with the entries as they are then, or nearly so when other processes were always faster. */
async function replaceOn(
  server: MemcachedClient,
  edit: (all: Entries) => Entries,
): Promise<Entries> {
  let entries: Entries = [];
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = await readFrom(server);
    entries = edit(entriesOf(found));
    const pipeline = new Pipeline();
    const [text, seconds] = [JSON.stringify(entries), ttlMs / SECOND];
    const op = found
      ? pipeline.replace(fleetKey, text, seconds, found)
      : pipeline.add(fleetKey, text, seconds);
    const stored = (await server.send(pipeline)).of(op);
    if (stored === "stored" || stored === "full") break;
  }
  return entries;
}
