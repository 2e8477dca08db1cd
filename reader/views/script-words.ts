/** The script's texts in the page's language, with `{name}` placeholders and plural forms. */
import type { Poll } from "#lib/model/poll.ts";
import { outcomeWords, rankedWords as rankedOutcomeWords } from "../words/outcome-sentence.ts";
import type { WordKey, Words } from "../words/words.ts";
import { countsChoices, instruction } from "./instruction.ts";
import { votesKey } from "./speaker.ts";

const texts = [
  "alreadyVoted",
  "asOf",
  "ballotIdReused",
  "closedDetail",
  "closesAt",
  "closing",
  "copied",
  "counted",
  "elsewhere",
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
  address: "{address}",
  figure: "{figure}",
  mean: "{mean}",
  number: "{number}",
  rank: "{rank}",
  chosen: "{chosen}",
  max: "{max}",
  count: "{count}",
  option: "{option}",
  options: "{options}",
  share: "{share}",
  time: "{time}",
  when: "{when}",
  who: "{who}",
} as const;

function textsOf(words: Words, keys: readonly WordKey[]) {
  return Object.fromEntries(keys.map(key => [key, words.say(key, names)]));
}

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
    round: words.say("round", names),
    ...textsOf(words, rankedOutcomeWords),
    runoffAt: words.say("runoffAt", names),
    ranked: words.say("ranked", names),
    unranked: words.say("unranked", names),
  };
}

/** JSON for the card's `data-words`. */
export function scriptWords(words: Words, poll: Poll, siteName: string): string {
  return JSON.stringify({
    ...textsOf(words, texts),
    ballots: words.pluralForms("ballots"),
    choose: instruction(words, poll),
    ...textsOf(words, outcomeWords),
    moreOptions: words.pluralForms("moreOptions"),
    ofReaders: words.pluralForms("ofReaders", names),
    votes: words.pluralForms(votesKey[poll.kind]),
    zone: words.timeZone,
    ...(countsChoices(poll) && {
      chosen: words.say("chosen", names),
      chosenMost: words.say("chosenMost", names),
    }),
    ...(poll.kind === "ranked" && rankedWords(words)),
    ...(poll.mayChange && changeWords(words)),
    voteAtSite: words.say("voteAtSite", { site: words.isolated(siteName) }),
  });
}
