/** What a vote costs: CPU time of every part, in microseconds. */

export const parts = ["front", "memcached", "worker", "MariaDB", "generator"] as const;
type Part = (typeof parts)[number];

export type VoteCosts = Readonly<Record<Part, number>>;

/**
 * The CPU time of each part for one vote.
 *
 * Front, memcached and generator are measured while answers are counted. Worker and MariaDB do a part of their work later,
 * so they are measured from the first vote, warm-up included, until the last one is stored, and shared among all of them.
 */
export function voteCosts(used: {
  readonly counted: number;
  readonly whileCounted: Readonly<Pick<VoteCosts, "front" | "memcached" | "generator">>;
  readonly accepted: number;
  readonly untilStored: Readonly<Pick<VoteCosts, "worker" | "MariaDB">>;
}): VoteCosts {
  const { counted, whileCounted, accepted, untilStored } = used;
  return {
    front: whileCounted.front / counted,
    memcached: whileCounted.memcached / counted,
    worker: untilStored.worker / accepted,
    MariaDB: untilStored.MariaDB / accepted,
    generator: whileCounted.generator / counted,
  };
}

/** Everything that a vote costs, generator included. */
export function allCosts(costs: VoteCosts): number {
  return parts.reduce((sum, part) => sum + costs[part], 0);
}

interface SharedRound {
  /** CPU time of a front for one vote, in microseconds. */
  readonly voteUs: number;
  readonly votesARound: number;
}

/**
 * What one round of the group commit costs a front, in microseconds. A vote costs its own work and its share of a round;
 * the shares differ at two rates, and the vote's own work does not.
 */
export function costOfRound(low: SharedRound, saturated: SharedRound): number {
  const shares = 1 / low.votesARound - 1 / saturated.votesARound;
  return (low.voteUs - saturated.voteUs) / shares;
}
