/** The script's texts in the page's language, with `{name}` placeholders and plural forms. */
import type { Poll } from "#lib/model/poll.ts";
import type { WordKey, Words } from "../words/words.ts";
import { countsChoices, instruction } from "./instruction.ts";

const texts = [
  "alreadyVoted",
  "asOf",
  "ballotIdReused",
  "closedDetail",
  "closesAt",
  "closing",
  "copied",
  "counted",
  "finalResult",
  "live",
  "offline",
  "opensAt",
  "overloadedKeeping",
  "paused",
  "pauseUpdates",
  "readerPoll",
  "replaced",
  "resumeUpdates",
  "sending",
  "unreachable",
  "waitingCount",
  "youChose",
] as const satisfies readonly WordKey[];

/** Placeholders that stay in the texts; the script fills them. */
const names = {
  rank: "{rank}",
  chosen: "{chosen}",
  max: "{max}",
  count: "{count}",
  option: "{option}",
  options: "{options}",
  share: "{share}",
  time: "{time}",
  when: "{when}",
} as const;

/** Texts for polls where votes can be changed. */
function changeWords(words: Words) {
  return {
    alreadyVoted: words.say("alreadyVotedMayChange"),
    changed: words.say("changed"),
    changedElsewhere: words.say("changedElsewhere"),
    changeUnknown: words.say("changeUnknown"),
    changeVote: words.say("changeVote"),
    closedUnchanged: words.say("closedUnchanged"),
    noChanges: words.say("noChanges"),
    vote: words.say("vote"),
    withdrawn: words.say("withdrawn"),
  };
}

function rankedWords(words: Words) {
  return {
    points: words.pluralForms("points"),
    round: words.say("round", { number: "{number}" }),
    runoffAt: words.say("runoffAt", names),
    noFurtherChoice: words.say("noFurtherChoice"),
    ranked: words.say("ranked", names),
    unranked: words.say("unranked", names),
    option: words.say("option"),
  };
}

/** JSON for the card's `data-words`. */
export function scriptWords(words: Words, poll: Poll, siteName: string): string {
  return JSON.stringify({
    ...Object.fromEntries(texts.map(key => [key, words.say(key, names)])),
    ballots: words.pluralForms("ballots"),
    choose: instruction(words, poll),
    sentence: words.pluralForms("sentence", names),
    votes: words.pluralForms(
      ({ choice: "votes", ranked: "firstChoices", rating: "ratings" } as const)[poll.kind],
    ),
    ...(countsChoices(poll) && {
      chosen: words.say("chosen", names),
      chosenMost: words.say("chosenMost", names),
    }),
    ...(poll.kind === "ranked" && rankedWords(words)),
    ...(poll.mayChange && changeWords(words)),
    voteAtSite: words.say("voteAtSite", { site: siteName }),
  });
}
