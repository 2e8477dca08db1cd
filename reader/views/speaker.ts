/** The server's side of the sentences that it shares with the readers' script. */
import { directionOf } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { Speaker } from "../words/outcome-sentence.ts";
import type { WordKey, Words } from "../words/words.ts";

/** The text for a number of votes in a poll of each kind. */
export const votesKey = {
  choice: "votes",
  ranked: "firstChoices",
  rating: "ratings",
} as const satisfies Record<Poll["kind"], WordKey>;

export function speakerOf(words: Words, { kind }: Pick<Poll, "kind">): Speaker {
  return {
    rightToLeft: directionOf(words.locale) === "rtl",
    say: (key, values) => words.say(key, values),
    count: (key, count, values) =>
      words.say(key === "votes" ? votesKey[kind] : key, { ...values, count }),
    number: value => words.number(value),
    percent: share => words.percent(share),
    mean: value => words.mean(value),
    list: items => words.list(items),
    dated: ms => words.dated(ms),
  };
}
