/**
 * Instant-runoffs: computed by a worker from the rows in MySQL, and published in memcached beside the tallies.
 * Results show the published one, with the moment at which it was computed.
 *
 * Invariant: no request computes a runoff or reads MySQL for it (promise 4).
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { computeRunoff, type Runoff } from "../model/runoff.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { countChoices } from "../store/ballots.ts";
import { rankedPolls } from "../store/polls.ts";
import { readTotals, type Totals } from "../store/totals.ts";

export interface PublishedRunoff extends Runoff {
  readonly computedAtMs: number;
  /** Fingerprint of the totals it was computed from: while they are the same, so is the runoff. */
  readonly of: string;
}

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
 * Computes and publishes the runoffs of ranked polls that have new ballots in MySQL, or whose runoff
 * memcached has lost. **Cost:** two queries, and a memcached read for each poll; for each poll with new ballots, one
 * query that reads all of them.
 *
 * @throws StoreFailure, MemcachedFailure.
 */
export async function publishRunoffs(deps: TallyDeps, nowMs: number): Promise<void> {
  const polls = await rankedPolls(deps.store, nowMs);
  const totals = await readTotals(
    deps.store,
    polls.map(poll => poll.id),
  );
  for (const poll of polls) {
    const of = fingerprint(poll, totals.get(poll.id));
    const up = deps.placement.up(poll.key);
    const found = await Promise.all(up.map(server => readFrom(server, poll.key)));
    const behind = up.filter((_, index) => found[index]?.of !== of);
    if (behind.length > 0) await publishRunoff(deps, behind, poll, of);
  }
}

async function publishRunoff(
  { store, clock }: TallyDeps,
  servers: readonly MemcachedClient[],
  poll: Poll,
  of: string,
) {
  const computedAtMs = clock.nowMs();
  const rankings = await countChoices(store, poll.id);
  const numbers = poll.options.map(option => option.number);
  const runoff: PublishedRunoff = { ...computeRunoff(numbers, rankings), computedAtMs, of };
  const text = JSON.stringify(runoff);
  for (const server of servers) {
    const p = new Pipeline();
    p.overwrite(tallyKey(poll.key, "i"), text, 0);
    // Results have changed: viewers must see a newer version.
    p.incr(tallyKey(poll.key, "v"), 1);
    await server.send(p);
  }
}

function fingerprint(poll: Poll, totals: Totals | undefined): string {
  const votes = [...(totals?.votes ?? [])].sort(([a], [b]) => a - b).flat();
  return [poll.version, totals?.ballots ?? 0, ...votes].join(" ");
}
