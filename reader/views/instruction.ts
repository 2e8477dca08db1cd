/** What a poll's rules ask of its readers, in a sentence: the same for the form, the script and refused ballots. */
import type { Poll } from "#lib/model/poll.ts";
import type { PollKind } from "#lib/model/poll-rules.ts";
import type { WordKey, Words } from "../words/words.ts";

const sentences: Readonly<Record<PollKind, Readonly<Record<"any" | "atLeast" | "all", WordKey>>>> =
  {
    choice: { any: "chooseAny", atLeast: "chooseAtLeast", all: "chooseExactly" },
    ranked: { any: "rank", atLeast: "rankAtLeast", all: "rankAll" },
    rating: { any: "rate", atLeast: "rateAtLeast", all: "rateAll" },
  };

export function instruction(
  words: Words,
  { kind, choicesMin: min, choicesMax: max, options }: RulesOfChoice,
): string {
  if (max === 1 && kind === "choice") return words.say("chooseOne");
  if (max < options.length) {
    if (min === max) return words.say("chooseExactly", { count: min });
    return min === 1
      ? words.say("chooseAtMost", { max })
      : words.say("chooseBetween", { min, max });
  }
  const { any, atLeast, all } = sentences[kind];
  if (min <= 1) return words.say(any);
  return min < options.length ? words.say(atLeast, { min }) : words.say(all, { count: min });
}

type RulesOfChoice = Pick<Poll, "kind" | "choicesMin" | "choicesMax" | "options">;

/** True when readers tick options, and the script counts them. */
export const countsChoices = ({ kind, choicesMax }: RulesOfChoice): boolean =>
  kind === "choice" && choicesMax > 1;
