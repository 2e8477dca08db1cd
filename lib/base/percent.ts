/** Shares in whole per cent, each of them a correct rounding. */

/**
 * Whole percentages of `counts`, or all 0 when all counts are 0. Each is the nearest whole number, and equal counts
 * have equal percentages, so the sum may differ from 100. An exact half is rounded up, or down where that brings the
 * sum nearer to 100; the smallest counts are rounded down first.
 */
export function percentages(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const shares = counts.map(count => Math.round((count * 100) / total));
  let surplus = shares.reduce((sum, share) => sum + share, 0) - 100;
  const halves = counts.filter(count => (count * 200) % (2 * total) === total);
  for (const half of [...new Set(halves)].sort((a, b) => a - b)) {
    const equal = halves.filter(count => count === half).length;
    if (Math.abs(surplus - equal) >= Math.abs(surplus)) continue;
    surplus -= equal;
    for (const [index, count] of counts.entries()) {
      if (count === half) shares[index] = (shares[index] ?? 0) - 1;
    }
  }
  return shares;
}

/**
 * Whole percentages of voters who chose each option, for polls with several choices: each is rounded by itself, and
 * together they may be more than 100.
 */
export function sharesOf(counts: readonly number[], ballots: number): number[] {
  return counts.map(count => (ballots === 0 ? 0 : Math.round((count * 100) / ballots)));
}
