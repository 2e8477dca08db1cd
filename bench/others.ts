/**
 * Load by others: CPU time that the machine spent on anything but the benchmark. What a round measured beside such a
 * load is not comparable, so the round is repeated.
 */

/** A round with more load by others than this, in cores, is disturbed. */
export const othersCoresMax = 0.15;

const microsPerTick = 10_000;

/** Kinds of time in which a processor works or is kept from working, by their columns in `/proc/stat`. */
const busyColumns = { user: 1, nice: 2, system: 3, irq: 6, softirq: 7, steal: 8 };

/**
 * CPU time of the whole machine so far, in microseconds. Time that was stolen by other virtual machines is included;
 * waiting for disks is not.
 *
 * @param stat - `/proc/stat`.
 */
export function busyMicros(stat: string): number {
  const fields = stat.split("\n", 1)[0]?.split(/\s+/) ?? [];
  const ticks = Object.values(busyColumns).reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
  return ticks * microsPerTick;
}

/**
 * Load by others within a span of time, in cores.
 *
 * The machine's time is sampled and a process's is exact, so the difference of both can be slightly below nothing.
 */
export function coresOfOthers(span: { busyUs: number; ownUs: number; ms: number }): number {
  return Math.max(0, (span.busyUs - span.ownUs) / (span.ms * 1000));
}

export interface Attempt {
  /** Load by others, in cores. */
  readonly others: number;
}

export const isDisturbed = ({ others }: Attempt): boolean => others > othersCoresMax;

/** True when a round has to be measured again. */
export function mustRepeat(attempts: readonly Attempt[], attemptsMax: number): boolean {
  return attempts.length < attemptsMax && attempts.every(isDisturbed);
}

/**
 * The attempt that counts: the one with the least load by others. Where others differ by less than the threshold, it is the
 * last of them, for which the servers were warmer.
 */
export function leastDisturbed<A extends Attempt>(attempts: readonly A[]): A {
  const least = Math.min(...attempts.map(({ others }) => others));
  const kept = attempts.findLast(({ others }) => others <= least + othersCoresMax);
  if (!kept) throw new RangeError("no attempt");
  return kept;
}
