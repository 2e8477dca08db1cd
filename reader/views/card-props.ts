/** What a poll card shows. */
import type { Poll } from "#lib/model/poll.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import type { WordKey, Words } from "../words/words.ts";
import type { Surface, UrlLanguage } from "./paths.ts";

export interface CardProps {
  readonly words: Words;
  readonly siteName: string;
  readonly surface: Surface;
  readonly urlLanguage?: UrlLanguage;
  /** When the card was made: what its distances are measured from. */
  readonly nowMs: number;
  readonly poll: Poll;
  readonly state: PollState;
  readonly results: Results | null;
  /** Option ids that this reader voted for. */
  readonly mine?: readonly string[];
  /** Of the ballot that this reader has, withdrawn or not: what a change of it replaces. */
  readonly revision?: number;
  /** The form is there to change it. */
  readonly changing?: boolean;
  /** They have voted and come to vote: what the editor has for them goes before the results. */
  readonly thanks?: boolean;
  /** The code of this reader's receipt. */
  readonly receipt?: string | undefined;
  /** Option ids that are checked in the form. */
  readonly chosen?: readonly string[];
  readonly message?: { readonly tone: "good" | "warn" | "bad"; readonly text: string };
  readonly show: "vote" | "results";
  /** How things stand, where that is not as usual and makes a difference to readers. */
  readonly notice?: WordKey | undefined;
  /** In the studio: it looks alive and leads nowhere. */
  readonly preview?: boolean;
}

/** Whether the results' numbers are to be seen, where results are: not hidden, nor behind an editor's thanks. */
export function showsNumbers({ poll, results, thanks }: CardProps): boolean {
  return results?.hidden === null && !(thanks === true && poll.afterVote !== "results");
}
