/** Polls whose results take words: ties, runoffs, rounded shares, dates. And forms that break the rule of such a poll. */
import { randomUUID } from "node:crypto";
import { form, get, type Send } from "./requests.ts";

interface OutcomePoll {
  /** What the editor sends besides question and options. */
  readonly rules?: object;
  readonly ballots: readonly (readonly string[])[];
  readonly closed?: boolean;
}

const times = (count: number, ...choices: string[]) => Array.from({ length: count }, () => choices);

const closed = true;

/** By slug; each has three options. */
export const outcomePolls: Readonly<Record<string, OutcomePoll>> = {
  "leads-alone": { ballots: [["2"], ["2"], ["1"]] },
  "leads-tied": { ballots: [["1"], ["2"]] },
  "won-alone": { ballots: [["1"], ["2"], ["2"]], closed },
  "won-tied": { ballots: [["1"], ["2"]], closed },
  thirds: { ballots: [["1"], ["2"], ["3"]], closed },
  percentages: { rules: { resultsAs: "percentages" }, ballots: [["1"], ["2"], ["3"]] },
  "no-votes": { ballots: [], closed },
  grades: { rules: { kind: "rating" }, ballots: [["1:5", "2:5", "3:1"]], closed },
  runoff: {
    rules: { kind: "ranked" },
    ballots: [...times(3, "1", "2"), ...times(2, "2", "3"), ...times(1, "3", "2")],
    closed,
  },
  "runoff-tied": {
    rules: { kind: "ranked" },
    ballots: [...times(2, "1", "2", "3"), ...times(2, "2", "1", "3")],
    closed,
  },
  "at-least-three": { rules: { kind: "ranked", choicesMin: 3 }, ballots: times(1, "1", "2", "3") },
  "closes-on-a-date": {
    rules: { closesAt: "2099-03-29T01:00:00Z", resultsTo: "after_close" },
    ballots: times(1, "1"),
  },
  "shown-from-a-date": {
    rules: { resultsTo: "from_date", resultsFrom: "2099-10-25T01:30:00Z" },
    ballots: times(1, "1"),
  },
};

const outcomes: Readonly<Record<string, Send>> = Object.fromEntries(
  Object.keys(outcomePolls).flatMap(slug => [
    [`the results of ${slug}`, get(() => `/api/polls/${slug}/results`)],
    ...[`/p/${slug}`, `/p/${slug}/results`, `/embed/${slug}/results`].flatMap(path =>
      ["en", "sv", "ar"].map(code => [`${path} in ${code}`, get(() => `${path}?lang=${code}`)]),
    ),
  ]),
);

/** Fields of a ranked ballot sent by a browser that has the cookie already. */
const sendForm =
  (slug: string, fields: string, language = "en"): Send =>
  async target => {
    const path = `/api/polls/${slug}/votes?lang=${language}`;
    const body = `${fields}&ballotId=${randomUUID()}`;
    const first = await target.ask({ method: "POST", path, headers: form, body });
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0];
    if (cookie === undefined) return first;
    return target.ask({
      method: "POST",
      path: first.headers.location ?? "",
      headers: { ...form, Cookie: cookie },
      body,
    });
  };

const brokenRules: Readonly<Record<string, string>> = {
  "no rank": "x=1",
  "two ranks of three": "choice.1=1%3A1&choice.2=2%3A2",
  "the same rank twice": "choice.1=1%3A1&choice.2=2%3A1&choice.3=3%3A3",
  "a rank of no option": "choice.1=1%3A1&choice.2=2%3A2&choice.9=9%3A3",
};

const forms: Readonly<Record<string, Send>> = Object.fromEntries(
  Object.entries(brokenRules).flatMap(([name, fields]) =>
    ["en", "sv"].map(code => [
      `a form with ${name} in ${code}`,
      sendForm("at-least-three", fields, code),
    ]),
  ),
);

export const outcomeRequests: Readonly<Record<string, Readonly<Record<string, Send>>>> = {
  outcomes,
  "forms of a ranked poll": forms,
};
