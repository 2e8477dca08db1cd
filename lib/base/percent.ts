/** Percentages that add up to 100. */

/**
 * Whole percentages of `counts` that sum to exactly 100, or are all 0 when all counts are 0. Every share is rounded
 * down; the points that are missing to 100 go to the largest remainders, among equal ones to the larger count, then to
 * the earlier one.
 *
 * Source: the largest remainder method (Hamilton).
 */
export function percentages(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const shares = counts.map(count => Math.floor((count * 100) / total));
  const missing = 100 - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = counts
    .map((count, index) => ({ index, count, remainder: (count * 100) % total }))
    .sort((a, b) => b.remainder - a.remainder || b.count - a.count || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}

/**
 * Whole percentages of voters who chose each option, for polls with several choices: each is rounded by itself, and
 * together they may be more than 100.
 */
export function sharesOf(counts: readonly number[], ballots: number): number[] {
  return counts.map(count => (ballots === 0 ? 0 : Math.round((count * 100) / ballots)));
}
