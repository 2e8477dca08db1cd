/**
 * The sentence that answers a sent form, on the page that the form's redirect leads to. So a reload sends nothing
 * again.
 *
 * Invariant: a sentence is shown only to the reader whom it is true of. Addresses are copied and made up, so each is
 *   checked: against the poll's state, the mark, or the receipt code and the identity that it belongs to.
 */
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { isReceiptOf, readReceiptCode, receiptCode } from "#lib/receipts/receipt-code.ts";
import { voterKey } from "#lib/voters/identity.ts";
import type { Mark } from "#lib/voters/marks.ts";
import { hasVoted } from "#lib/web/answer-results.ts";
import { identityOf } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import type { CardProps } from "./views/card-props.ts";
import type { WordKey, Words } from "./words/words.ts";

const accepted = ["counted", "changed", "withdrawn"] as const;
const refused = ["already_voted", "ballot_changed", "closed"] as const;

type Accepted = (typeof accepted)[number];
export type FormAnswer = Accepted | (typeof refused)[number];

/** The parameters of the address that a form's redirect leads to. */
export function answerParameters(answer: FormAnswer, receipt?: string): string {
  return `answer=${answer}${receipt === undefined ? "" : `&receipt=${receipt}`}`;
}

export const alreadyVoted = ({ mayChange }: Pick<Poll, "mayChange">): WordKey =>
  mayChange ? "alreadyVotedMayChange" : "alreadyVoted";

type Shown = Pick<CardProps, "message" | "receipt">;

/** What the address says of a sent form; `undefined` if it says nothing, or nothing true. */
export function formAnswerIn(
  front: Front,
  poll: Poll,
  request: Request,
  mark: Mark | undefined,
  words: Words,
): Shown | undefined {
  if (!request.url.includes("answer=")) return undefined;
  const query = new URL(request.url).searchParams;
  const answer = query.get("answer") ?? "";
  const done = accepted.find(key => key === answer);
  if (done) {
    const code = query.get("receipt") ?? "";
    return isOwn(front, poll, request, mark, code)
      ? { receipt: code, message: { tone: "good", text: words.say(done) } }
      : undefined;
  }
  const text = refusalIn(front, poll, mark, words, answer);
  return text ? { message: text } : undefined;
}

function refusalIn(
  front: Front,
  poll: Poll,
  mark: Mark | undefined,
  words: Words,
  answer: string,
): CardProps["message"] {
  switch (refused.find(key => key === answer)) {
    case "already_voted":
      return hasVoted(mark) ? { tone: "warn", text: words.say(alreadyVoted(poll)) } : undefined;
    case "ballot_changed":
      return mark && { tone: "warn", text: words.say("changedElsewhere") };
    case "closed": {
      const key = hasVoted(mark) ? "closedUnchanged" : "closedDetail";
      const isOpen = pollState(poll, front.clock.nowMs()) === "open";
      return isOpen ? undefined : { tone: "bad", text: words.say(key) };
    }
    case undefined:
      return undefined;
  }
}

/** True for the receipt of this reader's current ballot. Without a mark, which memcached may lack, its voter decides. */
function isOwn(
  front: Front,
  poll: Poll,
  request: Request,
  mark: Mark | undefined,
  code: string,
): boolean {
  if (mark) return code === receiptCodeOf(front, poll, request, mark);
  const secrets = front.secrets.of(poll);
  const identity = identityOf(front, request);
  const receipt = identity && readReceiptCode(front.secrets, code);
  if (!secrets || !receipt || receipt.code !== code) return false;
  const voter = voterKey(secrets, poll.id, identity);
  return (
    receipt.pollId === poll.id &&
    isReceiptOf(receipt, poll.key) &&
    voter.startsWith(receipt.voterStart)
  );
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
