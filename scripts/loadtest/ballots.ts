/** The ballots of a load test, and what became of each: invoked, acknowledged, refused or unknown. */
import { randomUUID } from "node:crypto";

/** What a ballot is sent for. */
export type Purpose =
  /** The one ballot of its voter. */
  | "first"
  /** Another ballot of a voter who has voted: to be refused. */
  | "duplicate"
  /** The same ballot once more, without the cookie: to be accepted and not counted again. */
  | "retry";

export interface PlannedBallot {
  readonly purpose: Purpose;
  readonly voter: number;
  readonly ballotId: string;
  readonly choice: string;
}

export type State = "invoked" | "acknowledged" | "refused" | "unknown";

export interface Plan {
  readonly ballots: readonly PlannedBallot[];
  readonly voters: number;
}

/**
 * `ballots` ballots of `voters` voters: one each, and for what is left further ballots of voters who have
 * voted; among them, `retries` repetitions of ballots that were sent before. What follows a ballot stands
 * well behind it.
 */
export function planBallots(
  ballots: number,
  voters: number,
  duplicates: number,
  retries: number,
  options: readonly string[],
): Plan {
  const pick = (index: number) => options[(index * 7919) % options.length] ?? "1";
  const firsts = Array.from(
    { length: voters },
    (_, voter): PlannedBallot => ({
      purpose: "first",
      voter,
      ballotId: randomUUID(),
      choice: pick(voter),
    }),
  );
  const extra = Math.max(0, ballots - voters) + duplicates;
  const again = Array.from({ length: extra }, (_, index): PlannedBallot => {
    const voter = Math.floor((index * voters) / Math.max(1, extra));
    return { purpose: "duplicate", voter, ballotId: randomUUID(), choice: pick(voter + 1) };
  });
  const repeated = Array.from({ length: retries }, (_, index): PlannedBallot => {
    const first = firsts[Math.floor((index * voters) / Math.max(1, retries))];
    if (!first) throw new RangeError("a plan needs at least one voter");
    return { ...first, purpose: "retry" };
  });
  return { ballots: [...firsts, ...again, ...repeated], voters };
}
