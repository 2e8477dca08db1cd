/**
 * Which lane is next: high first, then normal, then low; and queue relief, so that none starves.
 *
 * Relief: when `reliefSize` or more wait in the normal lane, each pick has a chance of `reliefChance` percent to
 * take normal before high. That is the original's rule. The same holds for the low lane, before high and normal,
 * which the original leaves to starve. Chances are drawn for normal first, so normal's is exactly what is set,
 * and low's is that of what is left.
 *
 * The worker picks the queues that it flushes by this, a front the ballots for its next round.
 *
 * Source: Perlbal's queues, `queue_relief_size` and `queue_relief_chance`.
 */
import { type Lane, lanes } from "./lane.ts";

export interface Relief {
  /** So many waiting in a lane make it due for relief; 0: never. */
  readonly reliefSize: number;
  /** 0 to 100. */
  readonly reliefChance: number;
}

export type WaitingByLane = Readonly<Record<Lane, number>>;

/** Lanes that may be taken before the ones above them, in the order in which their chances are drawn. */
const relieved = ["normal", "low"] as const;

/**
 * The lane to take from, or `undefined` when nothing waits.
 *
 * @param random - gives numbers in [0, 1).
 */
export function pickLane(
  waiting: WaitingByLane,
  { reliefSize, reliefChance }: Relief,
  random: () => number = Math.random,
): Lane | undefined {
  const first = lanes.find(lane => waiting[lane] > 0);
  if (first === undefined || reliefSize === 0) return first;
  for (const lane of relieved) {
    const behind = lanes.indexOf(lane) > lanes.indexOf(first);
    if (behind && waiting[lane] >= reliefSize && random() * 100 < reliefChance) return lane;
  }
  return first;
}

/** Sums up what waits by lane. */
export function sumWaiting<T>(
  all: Iterable<T>,
  laneOf: (each: T) => Lane,
  countOf: (each: T) => number,
): WaitingByLane {
  const waiting: Record<Lane, number> = { high: 0, normal: 0, low: 0 };
  for (const each of all) waiting[laneOf(each)] += countOf(each);
  return waiting;
}
