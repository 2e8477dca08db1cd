/** What several clocks agree on, although each is read with some uncertainty and one may be wrong. Pure. */

/** A value that lies between two bounds, both included. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface Agreement {
  /** Where the agreeing sources overlap. */
  readonly bounds: Bounds;
  /** How many sources agree. */
  readonly sources: number;
}

/**
 * The overlap of as many of `sources` as possible. Of two overlaps of equally many, the one with the earlier source is
 * chosen.
 *
 * Source: K. Marzullo, "Maintaining the time in a distributed system" (1984); RFC 5905, section 11.2.1.
 *
 * @throws RangeError without a source.
 */
export function agreement(sources: readonly Bounds[]): Agreement {
  let best: Agreement | undefined;
  let bestFirst = Number.POSITIVE_INFINITY;
  // The largest overlap begins where one of its members begins.
  for (const { min: from } of sources) {
    const members = sources.filter(({ min, max }) => min <= from && from <= max);
    const first = sources.indexOf(members[0] as Bounds);
    const larger = members.length - (best?.sources ?? 0);
    if (larger < 0 || (larger === 0 && first >= bestFirst)) continue;
    const max = Math.min(...members.map(member => member.max));
    best = { bounds: { min: from, max }, sources: members.length };
    bestFirst = first;
  }
  if (!best) throw new RangeError("an agreement needs a source");
  return best;
}
