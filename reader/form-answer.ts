/**
 * The sentence that answers a sent form, on the page that the form's redirect leads to. So a reload sends nothing
 * again.
 *
 * Invariant: a sentence is shown only to a reader of whom it is true. Addresses are copied and made up, so each is
 *   checked against the requester's mark and the poll's state. A form of a reader without a mark is answered in place.
 */
import type { Poll } from "#lib/model/poll.ts";
import { type PollState, pollState } from "#lib/model/poll-state.ts";
import { receiptCode } from "#lib/receipts/receipt-code.ts";
import { voterKey } from "#lib/voters/identity.ts";
import type { Mark } from "#lib/voters/marks.ts";
import { hasVoted } from "#lib/web/answer-results.ts";
import { identityOf } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import type { CardProps } from "./views/card-props.ts";
import type { WordKey, Words } from "./words/words.ts";

export const formAnswers = [
  "counted",
  "changed",
  "withdrawn",
  "already_voted",
  "ballot_changed",
  "closed",
] as const;
export type FormAnswer = (typeof formAnswers)[number];

/** The parameter of the address that a form's redirect leads to. */
export const answerParameter = "answer";

export const alreadyVoted = ({ mayChange }: Pick<Poll, "mayChange">): WordKey =>
  mayChange ? "alreadyVotedMayChange" : "alreadyVoted";

export const isOver = (state: PollState): boolean => state === "closing" || state === "final";

/** What the address says of a sent form; `undefined` if it says nothing, or nothing true of this requester. */
export function formAnswerIn(
  front: Front,
  poll: Poll,
  request: Request,
  mark: Mark | undefined,
  words: Words,
): CardProps["message"] {
  if (!mark || !request.url.includes(`${answerParameter}=`)) return undefined;
  const named = new URL(request.url).searchParams.get(answerParameter);
  const answer = formAnswers.find(each => each === named);
  const voted = hasVoted(mark);
  const say = (tone: "good" | "warn" | "bad", key: WordKey) => ({ tone, text: words.say(key) });
  switch (answer) {
    case "counted":
      return voted ? say("good", "counted") : undefined;
    case "changed":
      return voted && mark.revision > 0 ? say("good", "changed") : undefined;
    case "withdrawn":
      return voted ? undefined : say("good", "withdrawn");
    case "already_voted":
      return voted ? say("warn", alreadyVoted(poll)) : undefined;
    case "ballot_changed":
      return mark.revision > 0 ? say("warn", "changedElsewhere") : undefined;
    case "closed": {
      const over = isOver(pollState(poll, front.clock.nowMs()));
      return over && voted ? say("bad", "closedUnchanged") : undefined;
    }
    case undefined:
      return undefined;
  }
}

/** The receipt code of the requester's ballot. */
export function receiptCodeOf(
  front: Front,
  poll: Poll,
  request: Request,
  mark: Mark,
): string | undefined {
  const secrets = front.secrets.of(poll);
  const identity = identityOf(front, request);
  if (!identity || !secrets) return undefined;
  return receiptCode(secrets, {
    pollId: poll.id,
    pollKey: poll.key,
    voter: voterKey(secrets, poll.id, identity),
    ...mark,
  });
}
