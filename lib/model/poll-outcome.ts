/**
 * Who leads, who won, and who is tied: the only place where this is decided, for polls of every kind and state. Pages,
 * sentences, pictures, the API and the studio only put it into words.
 *
 * Invariants: nobody wins before the result is final. Equal measures are a tie, whatever the order on the page, also
 *   where rounding hides a difference or the poll shows percentages only.
 */
import type { Outcome } from "./results.ts";
import type { Runoff } from "./runoff.ts";

/** An option's measure. */
export interface Measured {
  readonly id: string;
  /** Votes, first choices, or ratings. */
  readonly votes: number;
  /** Rating polls: the sum of the grades. */
  readonly gradeSum?: number;
}

export interface CountedRunoff extends Runoff {
  readonly computedAtMs: number;
}

export interface OutcomeInput {
  readonly kind: "choice" | "ranked" | "rating";
  /** In the order of the page. */
  readonly options: readonly Measured[];
  /** When the numbers were read. */
  readonly asOfMs: number;
  /** When the result became final; `null` until then. */
  readonly finalAtMs: number | null;
  /** Ranked polls, once it has been computed; beside a final result only a runoff of its very ballots. */
  readonly runoff?: CountedRunoff | null;
}

/** The outcome of a poll. */
export function outcomeOf(input: OutcomeInput): Outcome {
  const { kind, options, runoff } = input;
  if (kind === "rating") return outcome(input, "mean", highestMeans(options));
  if (kind === "choice") return outcome(input, "votes", mostVotes(options));
  const round = runoff?.rounds.length ?? 0;
  if (!runoff || round === 0) return outcome(input, "first_choices", mostVotes(options));
  const first = runoff.winner === null ? (runoff.tied ?? []) : [runoff.winner];
  return outcome({ ...input, asOfMs: runoff.computedAtMs }, "runoff", first, round);
}

function outcome(
  { kind, asOfMs, finalAtMs }: OutcomeInput,
  by: Outcome["by"],
  options: readonly string[],
  round: number | null = null,
): Outcome {
  // First choices decide no ranked poll: its runoff does, which has not been computed then.
  const isFinal = finalAtMs !== null && !(kind === "ranked" && by !== "runoff");
  const one = isFinal ? "won" : "leads";
  return {
    status: options.length === 0 ? "none" : options.length === 1 ? one : "tied",
    final: isFinal,
    options,
    by,
    round,
    at: new Date((isFinal && finalAtMs) || asOfMs).toISOString(),
  };
}

function mostVotes(options: readonly Measured[]): string[] {
  const most = Math.max(1, ...options.map(({ votes }) => votes));
  return options.filter(({ votes }) => votes === most).map(({ id }) => id);
}

/** Compares means as fractions: rounding would make ties. */
function highestMeans(options: readonly Measured[]): string[] {
  const rated = options.filter(({ votes }) => votes > 0);
  const compare = (a: Measured, b: Measured) =>
    (a.gradeSum ?? 0) * b.votes - (b.gradeSum ?? 0) * a.votes;
  return rated.filter(a => rated.every(b => compare(a, b) >= 0)).map(({ id }) => id);
}
