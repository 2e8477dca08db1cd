/**
 * The tally that a process shows: as it was last read, with the counter values that the process's own votes were
 * answered with since.
 *
 * Invariant: a counter is never shown at an earlier version than before. An answer may overtake a read that is under
 *   way, and answers of two homes may overtake each other.
 */
import type { TallyPart } from "../model/ids.ts";
import type { PartialTally, Tally } from "../tallies/counters.ts";

export interface ShownTally {
  /** Contains every move up to its version, and maybe some later ones. */
  readonly tally: Tally;
  /** Counters in `tally` that are newer than its version: other processes moved some in between. */
  readonly ahead?: Ahead;
}

interface Ahead {
  /** The newest version that any counter was answered at. */
  readonly version: number;
  /** The version that each counter was answered at. */
  readonly counters: Map<TallyPart | "b", number>;
}

/**
 * Enters the answers to one vote's moves. After a gap in the versions, other processes have moved counters that were
 * not answered here: the values are shown, but the version stays, so that the next read counts as a change.
 *
 * @returns `undefined` when what is shown is as new, or is another server's.
 */
export function withAnswers(
  { tally, ahead }: ShownTally,
  { version, from, ballots, votes }: PartialTally,
): ShownTally | undefined {
  if (version === undefined || from !== tally.from) return undefined;
  if (version <= Math.max(tally.version, ahead?.version ?? 0)) return undefined;
  const values = {
    ballots: ballots ?? tally.ballots,
    votes: new Map([...tally.votes, ...votes]),
  };
  if (version === tally.version + 1) return { tally: { ...tally, ...values, version } };
  const counters = ahead?.counters ?? new Map<TallyPart | "b", number>();
  if (ballots !== undefined) counters.set("b", version);
  for (const part of votes.keys()) counters.set(part, version);
  return { tally: { ...tally, ...values }, ahead: { version, counters } };
}

/**
 * What is shown after a read: the newer of the two tallies, by version. A newer one from the same server keeps the
 * counters that were answered at a version above its own.
 */
export function withRead({ tally: shown, ahead }: ShownTally, read: Tally): ShownTally {
  if (read.version <= shown.version) {
    return { tally: { ...shown, stored: read.stored }, ...(ahead && { ahead }) };
  }
  if (read.from !== shown.from || !ahead || ahead.version <= read.version) return { tally: read };
  const counters = new Map([...ahead.counters].filter(([, version]) => version > read.version));
  const votes = new Map(read.votes);
  for (const part of counters.keys()) {
    if (part !== "b") votes.set(part, shown.votes.get(part) ?? 0);
  }
  const ballots = counters.has("b") ? shown.ballots : read.ballots;
  return { tally: { ...read, ballots, votes }, ahead: { version: ahead.version, counters } };
}
