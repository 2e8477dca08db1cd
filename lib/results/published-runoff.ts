/**
 * Instant-runoffs where readers' results find them: computed by a worker from the rows in MySQL, published
 * in memcached beside the tallies. Requests for results read what is there and say when it was computed.
 *
 * Invariant: no request computes one, or asks MySQL for one: promise 4.
 */
import { wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { type RankedCount, rankedCount } from "../model/ranked-count.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { countChoices } from "../store/ballots.ts";
import { rankedPolls } from "../store/polls.ts";
import { readTotals, type Totals } from "../store/totals.ts";

export interface PublishedRunoff extends RankedCount {
  readonly computedAtMs: number;
  /** What was counted when it was computed, as one text: as long as that is the same, so is this. */
  readonly of: string;
}

/** The runoff of a ranked poll, as far as one has been published. One memcached read. */
export async function readRunoff(
  placement: Placement,
  poll: PollId,
): Promise<PublishedRunoff | null> {
  const server = placement.up(poll)[0] ?? placement.of(poll)[0];
  return server ? readFrom(server, poll) : null;
}

async function readFrom(server: MemcachedClient, poll: PollId): Promise<PublishedRunoff | null> {
  const p = new Pipeline();
  const op = p.get(tallyKey(poll, "i"));
  const bytes = (await server.read(p)).of(op);
  return bytes ? (JSON.parse(bytes.toString()) as PublishedRunoff) : null;
}

/**
 * Computes and publishes the runoffs of ranked polls that have new ballots in MySQL, or whose runoff
 * memcached has lost. **Cost:** two queries and a memcached read a poll; for those with news, one query
 * that reads all their ballots.
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
    const up = deps.tallies.up(poll.id);
    const found = await Promise.all(up.map(server => readFrom(server, poll.id)));
    const behind = up.filter((_, index) => found[index]?.of !== of);
    if (behind.length > 0) await publishRunoff(deps, behind, poll, of);
  }
}

async function publishRunoff(
  { store }: TallyDeps,
  servers: readonly MemcachedClient[],
  poll: Poll,
  of: string,
) {
  const computedAtMs = wallMs();
  const rankings = await countChoices(store, poll.id);
  const numbers = poll.options.map(option => option.number);
  const runoff: PublishedRunoff = { ...rankedCount(numbers, rankings), computedAtMs, of };
  const text = JSON.stringify(runoff);
  for (const server of servers) {
    const p = new Pipeline();
    p.overwrite(tallyKey(poll.id, "i"), text, 0);
    // Results have changed: whoever waits for a newer version shall hear of it.
    p.incr(tallyKey(poll.id, "v"), 1);
    await server.send(p);
  }
}

function fingerprint(poll: Poll, totals: Totals | undefined): string {
  const votes = [...(totals?.votes ?? [])].sort(([a], [b]) => a - b).flat();
  return [poll.version, totals?.ballots ?? 0, ...votes].join(" ");
}
