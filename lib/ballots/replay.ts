/**
 * Replay: batches whose epoch has ended, or whose server stays away, are enqueued again on another server or
 * committed directly to MySQL; committed batches leave the replay ring, and missing copies are made again. It also runs without votes, because a
 * server may lose its memory at any time.
 */
import { MINUTE, monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { checkpointKey, epochKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Epoch } from "../model/ids.ts";
import { enqueueBatch, type Targets } from "../queue/batch-write.ts";
import type { QueueProducer } from "../queue/producer.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { BatchMoves } from "../tallies/batch-moves.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { raiseMarks } from "../voters/marks.ts";
import type { DirectCommit } from "./direct-commit.ts";
import { makeMissingCopies } from "./missing-copies.ts";
import { marksOf } from "./replayed-marks.ts";

export interface ReplayDeps {
  readonly log: Log;
  readonly ring: ReplayRing;
  readonly targets: Targets;
  readonly tallies: Placement;
  readonly staleTallies: StaleTallies;
  readonly directCommit: DirectCommit;
}

const checkPauseMs = 200;
/** A server that is away for so long may stay away: its batches are replayed. */
const longAwayMs = SECOND;
const enqueueMsMax = 2 * SECOND;
/** Between two warnings that the ring is full. */
const warningPauseMs = MINUTE;
/** Part of a front's time for shutdown. */
const shutdownMsMax = 20 * SECOND;

/**
 * Checks the ring every 200 ms until `signal` is aborted. After that it goes on until nothing needs a replay, for
 * twenty seconds at most, because the ring ends with this process. Never rejects.
 */
export async function watchReplayRing(deps: ReplayDeps, signal: AbortSignal): Promise<void> {
  let untilMs = Number.POSITIVE_INFINITY;
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  const copying: Copying = { made: 0 };
  while (monotonicMs() < untilMs) {
    await sleep(checkPauseMs, signal.aborted ? undefined : signal);
    const stopping = signal.aborted;
    if (stopping) untilMs = Math.min(untilMs, monotonicMs() + shutdownMsMax);
    if (monotonicMs() - warnedAtMs > warningPauseMs && warnIfFull(deps)) warnedAtMs = monotonicMs();
    await deps.staleTallies.removeFromMemcached();
    let done = true;
    for (const producer of deps.ring.producers) {
      try {
        done = (await checkQueue(deps, producer, stopping ? 0 : longAwayMs)) && done;
      } catch (error) {
        done = false;
        // The server is away: its batches stay in the ring until the next check.
        if (!isMemcachedFailure(error))
          deps.log.error({ event: "replay_failed", ...describeError(error) });
      }
    }
    if (stopping && done) return;
    if (!stopping) await copyWhatIsMissing(deps, copying);
  }
}

/** Copies of the episode that is under way: from a server's return until all copies are there. */
interface Copying {
  made: number;
}

/** Makes missing copies, and logs how many when there are no more to be made. */
async function copyWhatIsMissing(deps: ReplayDeps, copying: Copying): Promise<void> {
  try {
    const made = await makeMissingCopies(deps);
    copying.made += made;
    // Not after the first round: it may have come before the ring knew that a server has lost what it had. And not when
    // a server takes no copy right now, which ends a round early.
    const [missing] = deps.ring.thinned();
    if (made > 0 || missing !== undefined || copying.made === 0) return;
    deps.log.info({ event: "copies_made", batches: copying.made });
    copying.made = 0;
  } catch (error) {
    if (!isMemcachedFailure(error))
      deps.log.error({ event: "copies_failed", ...describeError(error) });
  }
}

/** Warns about batches that a full ring has dropped: they can't be replayed. True when there were any. */
function warnIfFull({ log, ring }: ReplayDeps): boolean {
  const dropped = ring.takeDropped();
  if (dropped > 0) log.warn({ event: "replay_ring_full", dropped });
  return dropped > 0;
}

/** Compares the ring with one queue and replays what the queue has lost. True when nothing is left to replay. */
async function checkQueue(
  deps: ReplayDeps,
  producer: QueueProducer,
  awayMsMin: number,
): Promise<boolean> {
  const { log, ring, tallies } = deps;
  const { client } = producer;
  // No worker reads the queues of a server that is not listed any more.
  const isListed = tallies.queueServers.includes(client);
  if (isListed && !client.available && client.awayMs < awayMsMin) return false;
  const current = isListed && client.available ? await currentEpoch(producer) : undefined;
  if (current) ring.passed(producer, current.epoch, current.checkpoint);
  const orphans = ring.takeOrphans(producer, current?.epoch);
  let replayed = 0;
  for (const orphan of orphans) {
    if (await deps.tallies.hold(() => replay(deps, orphan.bytes))) {
      replayed += 1;
      ring.replayed(orphan);
    } else ring.putBack(producer, orphan);
  }
  if (replayed > 0) {
    const { queue } = producer;
    log.warn({ event: "batches_replayed", queue, batches: orphans.length, replayed });
  }
  return replayed === orphans.length;
}

/** Enqueues a batch again, or commits it directly. False when neither worked and the ring must keep it. */
async function replay(deps: ReplayDeps, bytes: Buffer): Promise<boolean> {
  const { ring, targets, tallies, staleTallies, directCommit } = deps;
  const orphan = decodeBatch(bytes);
  if (!orphan) return true;
  if (serversUp(targets.order).length === 0) {
    if (directCommit.allowance < orphan.ballots.length) return false;
    return (await directCommit.write(orphan, true)) !== undefined;
  }
  await raiseMarks(tallies, marksOf(orphan.ballots));
  const batch = { ...orphan, talliesDoubtful: true };
  const moves = new BatchMoves(tallies, staleTallies, batch.ballots);
  const result = await enqueueBatch(targets, batch, monotonicMs() + enqueueMsMax, moves);
  if (result.outcome !== "enqueued") {
    await moves.undo();
    return false;
  }
  ring.remember(result.bytes, result.stored, result.receivedAtMs);
  return true;
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
