/**
 * Instant-runoffs: computed by a worker from the rows in MySQL, and published in memcached beside the tallies.
 * Results show the published one, with the moment at which it was computed.
 *
 * Invariant: no request computes a runoff or reads MySQL for it (promise 4).
 */
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { computeRunoff, type Runoff } from "../model/runoff.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { countChoices } from "../store/ballots.ts";
import type { Database } from "../store/database.ts";
import { migrationAppliedAtMs } from "../store/migrate.ts";
import { readTotals, type Totals } from "../store/totals.ts";

export interface PublishedRunoff extends Runoff {
  readonly computedAtMs: number;
  /** Fingerprint of the totals that it was computed from. */
  readonly of: string;
  /** The rules of counting; release 0.2.0 wrote none. */
  readonly rules?: number;
}

/** Rises when the same ballots may give another runoff, so that published ones are computed anew. */
const currentRules = 2;

/** From its first start on, this release decides ties; before, release 0.2.0 did. */
const firstMigration = "0007-server-lists.sql";

/** The published runoff of a ranked poll, if there is one. **Cost:** one memcached read. */
export async function readRunoff(
  placement: Placement,
  poll: PollKey,
): Promise<PublishedRunoff | null> {
  const server = placement.up(poll)[0] ?? placement.of(poll)[0];
  return server ? readFrom(server, poll) : null;
}

async function readFrom(server: MemcachedClient, poll: PollKey): Promise<PublishedRunoff | null> {
  const p = new Pipeline();
  const op = p.get(tallyKey(poll, "i"));
  const bytes = (await server.read(p)).of(op);
  return bytes ? (JSON.parse(bytes.toString()) as PublishedRunoff) : null;
}

/**
 * Computes and publishes the runoff of each of these polls that has new ballots in MySQL, or whose runoff memcached has
 * lost. Resolves with the number of polls for which that was done. **Cost:** one query, and a memcached read for each
 * poll; for each poll with new ballots, one query that reads all of them.
 *
 * @throws StoreFailure, MemcachedFailure.
 */
export async function publishRunoffs(deps: TallyDeps, polls: readonly Poll[]): Promise<number> {
  const totals = await readTotals(
    deps.store,
    polls.map(poll => poll.id),
  );
  let published = 0;
  for (const poll of polls) {
    const up = deps.placement.up(poll.key);
    const found = await Promise.all(up.map(server => readFrom(server, poll.key)));
    const now = totals.get(poll.id);
    const behind = up.filter((_, index) => !isCurrent(found[index], now));
    if (behind.length === 0) continue;
    await publishOn(deps, behind, poll, fingerprint(poll, now));
    published += 1;
  }
  return published;
}

/**
 * Computes a poll's runoff from all of its rows and publishes it, whatever is published: a poll is about to be final.
 *
 * @throws StoreFailure, MemcachedFailure.
 */
export async function publishLastRunoff(deps: TallyDeps, poll: Poll): Promise<void> {
  if (poll.kind !== "ranked") return;
  const totals = (await readTotals(deps.store, [poll.id])).get(poll.id);
  await publishOn(deps, deps.placement.up(poll.key), poll, fingerprint(poll, totals));
}

async function publishOn(
  { store, clock }: TallyDeps,
  servers: readonly MemcachedClient[],
  poll: Poll,
  of: string,
): Promise<void> {
  const computedAtMs = clock.nowMs();
  const rankings = await countChoices(store, poll.id);
  const numbers = poll.options.map(option => option.number);
  const pageOrder = await wasFinalBeforeTies(store, poll);
  const counted = computeRunoff(numbers, rankings, pageOrder);
  const runoff: PublishedRunoff = { ...counted, computedAtMs, of, rules: currentRules };
  const text = JSON.stringify(runoff);
  for (const server of servers) {
    const p = new Pipeline();
    p.overwrite(tallyKey(poll.key, "i"), text, 0);
    // Results have changed: viewers must see a newer version.
    p.incr(tallyKey(poll.key, "v"), 1);
    await server.send(p);
  }
}

/** A result that release 0.2.0 made final stays as it was published: there, the order on the page decided ties. */
async function wasFinalBeforeTies(db: Database, { finalizedAtMs }: Poll): Promise<boolean> {
  if (finalizedAtMs === null) return false;
  const appliedAtMs = await migrationAppliedAtMs(db, firstMigration);
  return appliedAtMs !== undefined && finalizedAtMs < appliedAtMs;
}

/** True when a runoff was computed from ballots with these totals, by today's rules. */
const isCurrent = (runoff: PublishedRunoff | null | undefined, totals: Counted | undefined) =>
  runoff?.rules === currentRules && isRunoffOf(runoff, totals);

/** Totals, as a tally and a poll's totals both have them. */
interface Counted {
  readonly ballots: number;
  readonly votes: Iterable<readonly [TallyPart, number]>;
}

/** True when a runoff was computed from ballots with these totals. Pure. */
export function isRunoffOf(
  runoff: PublishedRunoff | null | undefined,
  totals: Counted | undefined,
): boolean {
  if (!runoff) return false;
  // The poll's version says nothing about ballots: options change only before the opening.
  const [, ballots = 0, ...numbers] = runoff.of.split(" ").map(Number);
  const votes = portions(numbers, 2) as unknown as readonly (readonly [TallyPart, number])[];
  return countedText({ ballots, votes }) === countedText(totals);
}

/** Without parts that have no votes: a row of totals may be missing for them. */
function countedText(totals: Counted | undefined): string {
  const votes = [...(totals?.votes ?? [])].filter(([, count]) => count !== 0);
  return [totals?.ballots ?? 0, ...votes.sort(([a], [b]) => a - b).flat()].join(" ");
}

/** The poll's version and its totals: release 0.2.0 computes a runoff anew when this text differs. */
function fingerprint(poll: Poll, totals: Totals | undefined): string {
  const votes = [...(totals?.votes ?? [])].sort(([a], [b]) => a - b).flat();
  return [poll.version, totals?.ballots ?? 0, ...votes].join(" ");
}
