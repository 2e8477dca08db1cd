/**
 * The lanes of the queue, and which lane is next: high, then normal, then low, with relief so that none starves. Pure.
 *
 * Relief: while at least `reliefSize` ballots wait in the normal lane, each pick takes normal before high with a chance
 * of `reliefChance` percent. The low lane is relieved in the same way, before high and normal. Normal draws first, so
 * its chance is exactly `reliefChance`; low draws only when normal was not picked.
 *
 * The worker picks the next queue to flush in this way, and a front the ballots for its next round.
 *
 * Source: Perlbal's `queue_relief_size` and `queue_relief_chance`, which relieve the normal lane only.
 */

/** The most urgent lane first. */
export const lanes = ["high", "normal", "low"] as const;
export type Lane = (typeof lanes)[number];

export interface Relief {
  /** A lane is relieved while at least this many wait in it; 0: never. */
  readonly reliefSize: number;
  /** 0 to 100. */
  readonly reliefChance: number;
}

export type WaitingByLane = Readonly<Record<Lane, number>>;

/** Lanes that may be picked before a higher one, in the order in which they draw. */
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

/** What waits in each lane. */
export function sumWaiting<T>(
  all: Iterable<T>,
  laneOf: (each: T) => Lane,
  countOf: (each: T) => number,
): WaitingByLane {
  const waiting: Record<Lane, number> = { high: 0, normal: 0, low: 0 };
  for (const each of all) waiting[laneOf(each)] += countOf(each);
  return waiting;
}
