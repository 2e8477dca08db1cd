/**
 * Validation of an editor's input: the rules of every text, number and time, shared by the API and the studio.
 */
import { z } from "zod";
import { languages } from "../base/languages.ts";
import { isInRange, momentRangeMessage } from "../base/moments.ts";
import { lineOfText, linesOfText, lookOf, optionalLinesOfText } from "../base/written-text.ts";
import { optionNumberMax, type Slug } from "../model/ids.ts";
import { lanes } from "../model/lane.ts";
import {
  afterVoteValues,
  optionOrders,
  type PollRules,
  pollKinds,
  resultsAsValues,
  resultsToValues,
} from "../model/poll-rules.ts";

export const questionLengthMax = 200;
export const descriptionLengthMax = 500;
export const labelLengthMax = 200;
export const afterVoteTextLengthMax = 500;
const reasonLengthMax = 300;
const linkLengthMax = 1000;
const altLengthMax = 200;
export const optionsMin = 2;
export const optionsMax = optionNumberMax;

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?$/;

export const slugSchema = z
  .string()
  .regex(slugPattern, "must be 1 to 80 characters of a-z, 0-9 and -, and not begin or end with -");

/** Whether a text is a valid slug. */
export function isSlug(text: string): text is Slug {
  return slugPattern.test(text);
}

/** ISO 8601 with a zone → milliseconds since 1970, in the range of moments. */
const moment = z.iso
  .datetime({
    offset: true,
    error: "must be a date and time with a zone, like 2026-11-22T20:00:00+01:00",
  })
  .transform(text => Date.parse(text))
  .refine(isInRange, momentRangeMessage);

/** Stands for this site where a path needs a host to be read. */
const thisSite = "https://site.invalid";

/** An address as browsers write it: its name in punycode, its path percent-encoded. ASCII stays as it was typed. */
function asciiAddress(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text) || /[\s\p{Cc}\p{Cs}]/u.test(text)) return text;
  if (!URL.canParse(text, thisSite)) return text;
  const { href } = new URL(text, thisSite);
  return text.startsWith("/") ? href.slice(thisSite.length) : href;
}

/** An address of at most `linkLengthMax` characters once it is ASCII. */
const address = z
  .string()
  .trim()
  .transform(asciiAddress)
  .refine(
    text => text.length <= linkLengthMax,
    `must have at most ${linkLengthMax} characters, of which some letters take several`,
  );

/**
 * An image's address: https, or a path on this site. The host has a restricted alphabet, because it is copied into the
 * Content-Security-Policy of the pages that show the image.
 */
const imageUrl = address.refine(
  text =>
    /^(?:https:\/\/[a-z0-9.-]+(?::\d{1,5})?)?\/(?![/\\])[\x21-\x7e]*$/i.test(text) &&
    URL.canParse(text, thisSite),
  "must be an https address, or a path on this site that begins with /",
);

export const optionImageSchema = z.strictObject({
  url: imageUrl.meta({ description: "https, or a path on this site; shown 4 : 3, cropped" }),
  alt: lineOfText(altLengthMax).meta({ description: "Alternative text: what the image shows" }),
});

const optionSchema = z.strictObject({
  label: lineOfText(labelLengthMax),
  image: optionImageSchema.optional(),
  pinned: z
    .boolean()
    .optional()
    .meta({ description: "Keeps its place at the end when the order is random" }),
});

/** An address that readers are sent to: https, without spaces or control characters. */
const link = address.refine(text => text === "" || isHttps(text), "must be an https address");

function isHttps(text: string): boolean {
  return /^https:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text);
}

/** Rules of a poll. A missing rule keeps its value, or gets its default in a new poll. */
const rules = {
  resultsTo: z.enum(resultsToValues).meta({
    description:
      "Who sees results. `voters`: readers who have voted; everyone once the poll is closed",
  }),
  resultsFrom: moment.nullable(),
  resultsAs: z.enum(resultsAsValues).meta({ description: "Which numbers readers see" }),
  afterVote: z
    .enum(afterVoteValues)
    .meta({ description: "What readers see after they have voted" }),
  afterVoteText: optionalLinesOfText(afterVoteTextLengthMax),
  afterVoteLink: link,
  lane: z
    .enum(lanes)
    .meta({ description: "The lane of its votes: higher lanes go first under load" }),
  mayChange: z.boolean().meta({
    description: "Readers may change or withdraw their ballots while the poll is open",
  }),
  listed: z.boolean().meta({
    description:
      "The poll is in readers' list and its search. An unlisted poll is reached by its address only, and search engines are asked to leave it out",
  }),
};

/** Readers vote by it, so it is fixed once the poll opens. */
const kind = z.enum(pollKinds).meta({
  description:
    "`ranked` and `rating` allow every option to be ranked or rated; choicesMax is ignored",
});

const optionOrder = z
  .enum(optionOrders)
  .meta({ description: "`random`: a new order each second; pinned options stay last" });

const choiceCountProblem = `must be a whole number from 1 to ${optionsMax}`;

const choiceCount = z
  .int(choiceCountProblem)
  .min(1, choiceCountProblem)
  .max(optionsMax, choiceCountProblem);

const fields = {
  slug: slugSchema.optional(),
  question: lineOfText(questionLengthMax),
  description: optionalLinesOfText(descriptionLengthMax).default(""),
  options: z
    .array(optionSchema)
    .min(optionsMin, `must have at least ${optionsMin} options`)
    .max(optionsMax, `must have at most ${optionsMax} options`),
  choicesMin: choiceCount.default(1),
  choicesMax: choiceCount.default(1),
  opensAt: moment.nullish(),
  closesAt: moment.nullish(),
  language: z.enum(languages).nullish(),
};

/** Rules between fields, for a whole poll. */
export function contradictions(poll: {
  readonly options: readonly { readonly label: string }[];
  readonly choicesMin: number;
  readonly choicesMax: number;
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
  readonly resultsTo: PollRules["resultsTo"];
  readonly resultsFromMs: number | null;
  readonly afterVote: PollRules["afterVote"];
  readonly afterVoteText: string;
  readonly afterVoteLink: string;
}): { readonly path: string; readonly message: string }[] {
  const found: { path: string; message: string }[] = [];
  const labels = poll.options.map(({ label }) => lookOf(label));
  if (new Set(labels).size !== labels.length) {
    found.push({
      path: "options",
      message: "must differ from each other in more than letter case and invisible characters",
    });
  }
  if (poll.choicesMin > poll.options.length) {
    found.push({ path: "choicesMin", message: "must not be more than there are options" });
  } else if (poll.choicesMin > poll.choicesMax) {
    found.push({ path: "choicesMin", message: "must not be more than the maximum (choicesMax)" });
  }
  if (poll.choicesMax > poll.options.length) {
    found.push({ path: "choicesMax", message: "must not be more than there are options" });
  }
  if (poll.closesAtMs !== null && poll.opensAtMs !== null && poll.closesAtMs <= poll.opensAtMs) {
    found.push({ path: "closesAt", message: "must be after the opening" });
  }
  if (poll.resultsTo === "from_date" && poll.resultsFromMs === null) {
    found.push({ path: "resultsFrom", message: "must be given with resultsTo from_date" });
  }
  if (poll.afterVote === "text" && poll.afterVoteText === "") {
    found.push({ path: "afterVoteText", message: "must not be empty with afterVote text" });
  }
  if (poll.afterVote === "link" && poll.afterVoteLink === "") {
    found.push({ path: "afterVoteLink", message: "must be given with afterVote link" });
  }
  return found;
}

/** `POST /api/polls/{poll}/reopen` */
export const reopenSchema = z.strictObject({
  reason: linesOfText(reasonLengthMax).meta({
    description: "Why the result changes: a sentence for readers",
  }),
});

/** Rules that can be changed at any time. */
export const changeableRulesSchema = z.object(rules).partial();

export const createPollSchema = z.strictObject({
  ...fields,
  kind: kind.optional(),
  optionOrder: optionOrder.optional(),
  ...changeableRulesSchema.shape,
});
export type CreatePoll = z.output<typeof createPollSchema>;

/** Everything optional; `version`, when given, must be the poll's current one. */
export const updatePollSchema = z
  .strictObject({
    ...fields,
    kind,
    optionOrder,
    ...rules,
    description: optionalLinesOfText(descriptionLengthMax),
    choicesMin: choiceCount,
    choicesMax: choiceCount,
  })
  .partial()
  .extend({ version: z.int().min(1).optional() });
export type UpdatePoll = z.output<typeof updatePollSchema>;
