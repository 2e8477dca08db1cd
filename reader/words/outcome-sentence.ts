/**
 * The outcome of a poll as a sentence: "“Yes” leads: 54% of 12,431 readers (as of 26 November 2026 at 14:05 CET)." The
 * server and the browser share this code, so that a live card has the words that the server wrote.
 */
import type { Results } from "#lib/model/results.ts";

type Values = Readonly<Record<string, string>>;

/** Texts and formats of a language. */
export interface Speaker {
  readonly rightToLeft: boolean;
  say(key: OutcomeWord, values?: Values): string;
  /** A text with a number; `votes` are first choices or ratings in polls of those kinds. */
  count(key: "votes" | "ofReaders" | "moreOptions", count: number, values?: Values): string;
  number(value: number): string;
  percent(share: number): string;
  mean(value: number): string;
  list(items: readonly string[]): string;
  /** A time with its full date and the newsroom's zone. */
  dated(ms: number): string;
}

/** The words of every card. */
export const outcomeWords = [
  "quoted",
  "outcomeLeads",
  "outcomeWon",
  "outcomeTied",
  "outcomeWith",
  "outcomeBare",
  "each",
  "ofFirstChoices",
  "meanGrade",
  "inRound",
  "asOfDate",
  "finalOn",
] as const;

/** The words of ranked polls. */
export const rankedWords = [
  "markLeads",
  "markWon",
  "markTied",
  "tieEarlierRound",
  "tiePoints",
  "tieNoEffect",
  "tiePageOrder",
  "tieUndecided",
] as const;
type OutcomeWord = (typeof outcomeWords | typeof rankedWords)[number];

const marks = { none: "", leads: "markLeads", won: "markWon", tied: "markTied" } as const;
const ties = {
  earlier_round: "tieEarlierRound",
  points: "tiePoints",
  no_effect: "tieNoEffect",
  page_order: "tiePageOrder",
  undecided: "tieUndecided",
} as const;

/** So many names are written; of more, all but one, and how many others there are. */
const namesMax = 4;
const rightToLeftLetters = /[\u0590-\u08ff\ufb1d-\ufefc]/;

/** A name inside a sentence; its direction, if it may differ, does not spread to the words around it. */
export function isolated(name: string, rightToLeft: boolean): string {
  return rightToLeft || rightToLeftLetters.test(name) ? `\u2068${name}\u2069` : name;
}

/** The names of options, in quotation marks: "“A”, “B”, “C”, and 4 more options". */
export function namesOf(speaker: Speaker, results: Results, ids: readonly string[]): string {
  const shown = ids.length > namesMax ? ids.slice(0, namesMax - 1) : ids;
  const names = shown.map(id => {
    const label = results.options.find(option => option.id === id)?.label ?? "";
    return speaker.say("quoted", { option: isolated(label, speaker.rightToLeft) });
  });
  const more = ids.length - shown.length;
  return speaker.list(more > 0 ? [...names, speaker.count("moreOptions", more)] : names);
}

/** Empty without votes, and while results are hidden. */
export function outcomeSentence(speaker: Speaker, results: Results): string {
  const { outcome } = results;
  if (!outcome || outcome.status === "none") return "";
  const tied = outcome.status === "tied";
  const option = namesOf(speaker, results, outcome.options);
  const who = tied
    ? speaker.say("outcomeTied", { options: option })
    : speaker.say(outcome.status === "won" ? "outcomeWon" : "outcomeLeads", { option });
  const time = speaker.dated(Date.parse(outcome.at));
  const when = speaker.say(outcome.final ? "finalOn" : "asOfDate", { time });
  const figure = figureOf(speaker, results, one =>
    tied ? speaker.say("each", { figure: one }) : one,
  );
  return speaker.say(figure ? "outcomeWith" : "outcomeBare", { who, figure, when });
}

/** The number that decides, as far as the poll shows numbers; empty if those in first place have no common one. */
function figureOf(
  speaker: Speaker,
  { outcome, options, runoff, ballots }: Results,
  each: (figure: string) => string,
): string {
  const [first = "", ...others] = outcome?.options ?? [];
  const line = options.find(({ id }) => id === first);
  if (!outcome || !line) return "";
  const { votes, share, mean } = line;
  if (outcome.by === "mean")
    return each(speaker.say("meanGrade", { mean: speaker.mean(mean ?? 0) }));
  if (outcome.by === "runoff") {
    const counts = runoff?.rounds[(outcome.round ?? 0) - 1]?.votes ?? {};
    const count = counts[first] ?? 0;
    if (others.some(id => counts[id] !== count)) return "";
    const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
    const figure =
      share === null ? speaker.number(count) : speaker.percent(Math.round((count * 100) / all));
    return speaker.say("inRound", {
      figure: each(figure),
      number: speaker.number(outcome.round ?? 0),
    });
  }
  if (share === null) return each(speaker.count("votes", votes ?? 0));
  const percent = speaker.percent(share);
  if (outcome.by === "votes") {
    if (ballots === null) return each(percent);
    return each(speaker.count("ofReaders", ballots, { share: percent }));
  }
  if (votes === null) return each(speaker.say("ofFirstChoices", { share: percent }));
  return each(speaker.count("votes", votes));
}

/** The word for an option in first place: "leads", "winner" or "tied"; empty for the others. */
export function markOf(say: Speaker["say"], { outcome }: Results, id: string): string {
  const key = outcome?.options.includes(id) ? marks[outcome.status] : "";
  return key && say(key);
}

/** How the ties in the rounds of a runoff were decided, a sentence or two for each. */
export function tieSentences(speaker: Speaker, results: Results): string {
  const sentences = (results.runoff?.rounds ?? []).map(({ tie, out }, index) =>
    tie
      ? speaker.say(ties[tie.decidedBy ?? "undecided"], {
          number: speaker.number(index + 1),
          options: namesOf(speaker, results, tie.between),
          option: out === null ? "" : namesOf(speaker, results, [out]),
        })
      : "",
  );
  return sentences.filter(Boolean).join(" ");
}

/** Changes whenever the table of rounds does. */
export function runoffVersion({ runoff, outcome }: Results): string {
  return `${runoff?.computedAt} ${outcome?.status}`;
}
