/**
 * Watching over the replay ring: batches whose epoch is gone, or whose server stays away, are brought in
 * again, on another server or straight into MySQL; batches that MySQL has are forgotten. Needed also when
 * nobody votes: a server may lose its memory in the quietest hour.
 */
import { DAY, MINUTE, monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { checkpointKey, epochKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Ballot } from "../model/ballot.ts";
import type { Epoch } from "../model/ids.ts";
import { enqueueBatch, type Targets } from "../queue/batch-write.ts";
import type { QueueProducer } from "../queue/producer.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { BatchMoves } from "../tallies/batch-moves.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { raiseMarks } from "../voters/marks.ts";
import type { DirectCommit } from "./direct-commit.ts";

export interface ReplayDeps {
  readonly log: Log;
  readonly ring: ReplayRing;
  readonly targets: Targets;
  readonly tallies: Placement;
  readonly staleTallies: StaleTallies;
  readonly markServers: readonly MemcachedClient[];
  readonly directCommit: DirectCommit;
}

const lookMs = 200;
/** A server that is away for longer than a hiccup may stay away. */
const patienceMs = SECOND;
const enqueueMsMax = 2 * SECOND;
/** A ring that is full stays so for as long as what fills it lasts. */
const fullSaidEveryMs = MINUTE;
/** Of the time that a front has for ending. */
const endingMsMax = 20 * SECOND;
/** A poll's own time is not at hand here; longer than any poll that people still talk about. */
const replayedMarkSeconds = (7 * DAY) / SECOND;

/**
 * Looks every 200 ms until `signal` is aborted, and from then on until nothing is left that has to be brought in,
 * for twenty seconds at most: what this process leaves behind in its ring is gone. Never rejects.
 */
export async function watchReplayRing(deps: ReplayDeps, signal: AbortSignal): Promise<void> {
  let untilMs = Number.POSITIVE_INFINITY;
  let fullSaidMs = Number.NEGATIVE_INFINITY;
  while (monotonicMs() < untilMs) {
    await sleep(lookMs, signal.aborted ? undefined : signal);
    const ending = signal.aborted;
    if (ending) untilMs = Math.min(untilMs, monotonicMs() + endingMsMax);
    if (monotonicMs() - fullSaidMs > fullSaidEveryMs && sayIfFull(deps)) fullSaidMs = monotonicMs();
    await deps.staleTallies.withdraw();
    let settled = true;
    for (const producer of deps.ring.producers) {
      try {
        settled = (await look(deps, producer, ending ? 0 : patienceMs)) && settled;
      } catch (error) {
        settled = false;
        // Away just now: its batches stay in the ring, and it is asked again.
        if (!isMemcachedFailure(error))
          deps.log.error({ event: "replay_failed", ...describeError(error) });
      }
    }
    if (ending && settled) return;
  }
}

/** True: batches were let go since this was said last. A loss of memory would lose them, too. */
function sayIfFull({ log, ring }: ReplayDeps): boolean {
  const dropped = ring.takeDropped();
  if (dropped > 0) log.warn({ event: "replay_ring_full", dropped });
  return dropped > 0;
}

/** Compares what the ring holds of one queue with the queue as it is. True: nothing is left to be brought in. */
async function look(
  deps: ReplayDeps,
  producer: QueueProducer,
  awayMsMax: number,
): Promise<boolean> {
  const { log, ring } = deps;
  if (!producer.client.available && producer.client.awayMs < awayMsMax) return false;
  const current = producer.client.available ? await currentEpoch(producer) : undefined;
  if (current) ring.passed(producer, current.epoch, current.checkpoint);
  const orphans = ring.takeOrphans(producer, current?.epoch);
  let replayed = 0;
  for (const orphan of orphans) {
    if (await replay(deps, orphan)) replayed += 1;
    else ring.putBack(producer, orphan);
  }
  if (replayed > 0) {
    const { queue } = producer;
    log.warn({ event: "batches_replayed", queue, batches: orphans.length, replayed });
  }
  return replayed === orphans.length;
}

/** Brings a batch in again, into another queue or straight into MySQL. False: it has to be kept. */
async function replay(deps: ReplayDeps, bytes: Buffer): Promise<boolean> {
  const {
    ring,
    targets,
    tallies,
    staleTallies: missed,
    markServers,
    directCommit: fallback,
  } = deps;
  const orphan = decodeBatch(bytes);
  if (!orphan) return true;
  if (!targets.order.some(({ available }) => available)) {
    if (fallback.allowance < orphan.ballots.length) return false;
    return (await fallback.write(orphan, true)) !== undefined;
  }
  await raiseMarks(markServers, marksOf(orphan.ballots));
  const batch = { ...orphan, talliesDoubtful: true };
  const moves = new BatchMoves(tallies, missed, batch.ballots);
  const result = await enqueueBatch(targets, batch, monotonicMs() + enqueueMsMax, moves);
  if (result.outcome !== "enqueued") {
    await moves.undo();
    return false;
  }
  ring.remember(result.bytes, result.places);
  return true;
}

/** Their server may have forgotten them along with the slots; where it has not, nothing changes. */
function marksOf(ballots: readonly Ballot[]) {
  return ballots.map(ballot => ({ ...ballot, markTtlSeconds: replayedMarkSeconds }));
}

async function currentEpoch(
  producer: QueueProducer,
): Promise<{ epoch: Epoch; checkpoint: number } | undefined> {
  const first = new Pipeline();
  const epochOp = first.get(epochKey(producer.queue));
  const epoch = (await producer.client.read(first)).of(epochOp)?.toString() as Epoch | undefined;
  if (!epoch) return undefined;
  const second = new Pipeline();
  const checkpointOp = second.get(checkpointKey(producer.queue, epoch));
  const checkpoint = counterValue((await producer.client.read(second)).of(checkpointOp));
  return { epoch, checkpoint: Number(checkpoint ?? 0n) };
}
