/** The input of a poll card. */
import type { Poll } from "#lib/model/poll.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import type { WordKey, Words } from "../words/words.ts";
import type { Surface, UrlLanguage } from "./paths.ts";

export interface CardProps {
  readonly words: Words;
  readonly siteName: string;
  readonly publicUrl: string;
  readonly surface: Surface;
  readonly urlLanguage?: UrlLanguage;
  /** The time of rendering; relative times count from here. */
  readonly nowMs: number;
  readonly poll: Poll;
  readonly state: PollState;
  readonly results: Results | null;
  /** The reader's own choices. */
  readonly mine?: readonly string[];
  /** The revision of the reader's ballot, withdrawn or not; a change replaces it. */
  readonly revision?: number;
  /** The form changes that ballot. */
  readonly changing?: boolean;
  /** A voter is on the vote page: the editor's thank-you text replaces the results. */
  readonly thanks?: boolean;
  /** The code of the reader's receipt. */
  readonly receipt?: string | undefined;
  /** Form fields that are filled in. */
  readonly chosen?: readonly string[];
  readonly message?: { readonly tone: "good" | "warn" | "bad"; readonly text: string };
  readonly show: "vote" | "results";
  /** A sentence about reduced service, where readers notice it. */
  readonly notice?: WordKey | undefined;
  /** In the studio: the card has no working links or buttons. */
  readonly preview?: boolean;
}

/** True if the card shows numbers: results are neither hidden nor replaced by a thank-you text. */
export function showsNumbers({ poll, results, thanks }: CardProps): boolean {
  return results?.hidden === null && !(thanks === true && poll.afterVote !== "results");
}

/** True if the poll's percentages ought to add up to 100, but may not. */
export function showsRoundedShares({ kind, choicesMax, resultsAs }: Poll): boolean {
  return kind === "choice" && choicesMax === 1 && resultsAs !== "counts";
}
