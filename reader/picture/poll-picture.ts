/**
 * Draws the picture that other sites show with a link to a poll: the question with its result bars, or with the
 * options while results are hidden.
 *
 * The picture is seen long after it was drawn, so every time in it has its full date.
 */
import { directionOf } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import { showsRoundedShares } from "../views/card-props.ts";
import { hiddenNote } from "../views/outcome.tsx";
import { pictureSize } from "../views/paths.ts";
import { resultLines } from "../views/result-list.tsx";
import { speakerOf } from "../views/speaker.ts";
import { markOf } from "../words/outcome-sentence.ts";
import type { Words } from "../words/words.ts";
import { Ink, type Type } from "./ink.ts";
import { fitText, wrapText } from "./lines.ts";

export interface PollPicture {
  readonly words: Words;
  readonly siteName: string;
  readonly poll: Poll;
  readonly state: PollState;
  /** Results as every reader sees them; `null` when they can't be read, or the poll has not opened. */
  readonly results: Results | null;
}

const { width, height } = pictureSize;
const margin = 64;
const inner = width - 2 * margin;
const questionTop = 112;
const footTop = height - 104;
const small: Type = { family: "sans", weight: 400, size: 24 };
const label: Type = { family: "sans", weight: 400, size: 29 };
const number: Type = { family: "sans", weight: 600, size: 29 };
const siteType: Type = { family: "serif", weight: 600, size: 30 };

/** The first type that leaves enough height for all rows is used, else the last. */
const questionTypes = [
  { size: 88, linesMax: 4 },
  { size: 66, linesMax: 3 },
  { size: 54, linesMax: 3 },
  { size: 44, linesMax: 4 },
];
/** Row heights, in pixels. The question leaves `wanted` for each row if possible; rows never get below `least`. */
const barHeights = { wanted: 66, least: 57, most: 84 };
const optionHeights = { wanted: 56, least: 48, most: 64 };

/** One row: an option with its bar, or with an empty radio button. */
interface Row {
  readonly label: string;
  readonly bar?: number;
  /** The text at the bar's end. */
  readonly number?: string;
  /** "leads", "winner" or "tied" for an option in first place. */
  readonly mark?: string;
}

/** PNG bytes. */
export function drawPoll(shown: PollPicture): Promise<Uint8Array<ArrayBuffer>> {
  const { words, poll } = shown;
  const ink = new Ink(width, height, directionOf(words.locale) === "rtl");
  ink.box("card", 0, 0, width, height);
  ink.box("accent", 0, 0, width, 12);
  drawHead(ink, shown);
  const rows = rowsOf(shown);
  const heights = rows.some(({ bar }) => bar !== undefined) ? barHeights : optionHeights;
  const top = drawQuestion(ink, poll.question, rows.length * heights.wanted);
  drawRows(ink, words, rows, heights, top);
  drawFoot(ink, shown);
  return ink.png();
}

function rowsOf({ words, poll, state, results }: PollPicture): readonly Row[] {
  if (state === "scheduled") return [];
  if (results?.hidden !== null) return poll.options.map(({ label }) => ({ label }));
  const { say } = speakerOf(words, poll);
  return resultLines(words, poll, results).map(({ id, label, bar, head, detail }) => ({
    label,
    bar,
    number: head || detail,
    mark: results ? markOf(say, results, id) : "",
  }));
}

/** The site's name and the poll's state. */
function drawHead(ink: Ink, { words, siteName, state }: PollPicture): void {
  const over = state === "closing" || state === "final";
  const stateKey = over ? (state === "final" ? "finalResult" : "closing") : "readerPoll";
  const widthMax = inner / 2 - 16;
  ink.text(siteName, margin, 74, { ...siteType, colour: "ink", widthMax });
  ink.text(words.say(stateKey), width - margin, 74, {
    ...small,
    weight: 600,
    colour: state === "closing" ? "warn" : "accent",
    widthMax,
    align: "end",
  });
  ink.box("hair", margin, 98, inner, 2);
}

/** Returns the y where the question ends, if possible `rowsHeight` pixels above the foot. */
function drawQuestion(ink: Ink, question: string, rowsHeight: number): number {
  const tries = questionTypes.map(({ size, linesMax }) => {
    const type: Type = { family: "serif", weight: 600, size };
    const lines = wrapText(question, inner, ink.measure(type));
    const leading = Math.round(size * 1.2);
    const end = questionTop + Math.min(lines.length, linesMax) * leading;
    return { type, lines, linesMax, leading, end };
  });
  const fits = tries.find(
    ({ lines, linesMax, end }) => lines.length <= linesMax && end + 20 + rowsHeight <= footTop,
  );
  const { type, lines, linesMax, leading, end } = fits ?? (tries.at(-1) as (typeof tries)[number]);
  const shown = lines.slice(0, linesMax);
  if (lines.length > linesMax) {
    const rest = lines.slice(linesMax - 1).join(" ");
    shown[linesMax - 1] = fitText(rest, inner, ink.measure(type));
  }
  for (const [index, line] of shown.entries()) {
    const y = questionTop + index * leading + type.size;
    ink.text(line, margin, y, { ...type, colour: "ink", widthMax: inner });
  }
  return end;
}

/** Draws as many rows as fit, those with the longest bars; the last line counts the rest. */
function drawRows(
  ink: Ink,
  words: Words,
  rows: readonly Row[],
  { least, most }: typeof barHeights,
  top: number,
): void {
  const available = footTop - top - 20;
  const rowsMax = Math.max(2, Math.floor(available / least));
  const shown = rows.length <= rowsMax ? rows : leading(rows, rowsMax - 1);
  const step = Math.min(most, available / Math.min(rows.length, rowsMax));
  const offset = 20 + (available - Math.min(rows.length, rowsMax) * step) / 2;
  for (const [index, row] of shown.entries()) {
    const y = top + offset + index * step;
    if (row.bar === undefined) {
      ink.ring("mark", margin + 14, y + 20, 12);
      const style = { ...label, colour: "ink", widthMax: inner - 46 } as const;
      ink.text(row.label, margin + 46, y + 30, style);
    } else drawBar(ink, row, y);
  }
  if (shown.length === rows.length) return;
  const more = words.say("moreOptions", { count: rows.length - shown.length });
  const y = top + offset + 30 + shown.length * step;
  ink.text(more, margin, y, { ...small, colour: "soft", widthMax: inner });
}

/** The `count` rows with the longest bars, those in first place before all others, in the order of the page. */
function leading(rows: readonly Row[], count: number): readonly Row[] {
  const rank = ({ bar = 0, mark }: Row) => (mark ? 1_000 : 0) + bar;
  const longest = new Set([...rows].sort((a, b) => rank(b) - rank(a)).slice(0, count));
  return rows.filter(row => longest.has(row));
}

function drawBar(ink: Ink, row: Row, y: number): void {
  const { bar = 0, number: text = "", mark = "" } = row;
  const end = { ...number, colour: "ink", widthMax: inner / 2, align: "end" } as const;
  const ended = Math.min(inner / 2, ink.measure(number)(text)) + 32;
  const word = { ...small, colour: "accent", widthMax: inner / 4, align: "end" } as const;
  const marked = mark ? Math.min(inner / 4, ink.measure(small)(mark)) + 24 : 0;
  const widthMax = inner - ended - marked;
  ink.text(row.label, margin, y + 26, { ...label, colour: "ink", widthMax });
  ink.text(mark, width - margin - ended + 8, y + 26, word);
  ink.text(text, width - margin, y + 26, end);
  ink.box("track", margin, y + 36, inner, 12);
  ink.box(mark ? "ink" : "bar", margin, y + 36, (inner * bar) / 100, 12);
}

/** How many readers voted, the time of the numbers, and how to read them. */
function drawFoot(ink: Ink, shown: PollPicture): void {
  const { words, poll, state, results } = shown;
  const dated = (ms: number) => words.dated(ms);
  const style = { ...small, colour: "soft" } as const;
  ink.box("hair", margin, footTop, inner, 2);
  let y = footTop + 40;
  if (state === "scheduled" && poll.opensAtMs !== null) {
    const opens = words.say("opensAt", { when: dated(poll.opensAtMs) });
    ink.text(opens, margin, y, { ...style, colour: "ink", widthMax: inner });
  } else if (results && results.hidden !== null) {
    ink.text(hiddenNote(words, poll, dated), margin, y, { ...style, widthMax: inner });
  } else if (results) {
    const half = { ...style, widthMax: inner / 2 - 16 };
    const { ballots } = results;
    if (ballots !== null) ink.text(words.say("ballots", { count: ballots }), margin, y, half);
    ink.text(dateOf(shown, results), width - margin, y, { ...half, align: "end" });
  } else y -= 36;
  const method = words.say("method");
  const both = `${method} ${words.say("rounded")}`;
  const isRounded = results?.hidden === null && showsRoundedShares(poll) && !addsUp(results);
  const fits = ink.measure(small)(both) <= inner;
  ink.text(isRounded && fits ? both : method, margin, y + 36, { ...style, widthMax: inner });
}

/** The moment of the result: when it became final, or when its numbers were read. */
function dateOf({ words, poll, state }: PollPicture, { asOf }: Results): string {
  if (state === "final") return words.dated(poll.finalizedAtMs ?? Date.parse(asOf));
  return words.say("asOfDate", { time: words.dated(Date.parse(asOf)) });
}

const addsUp = ({ options }: Results): boolean => {
  const sum = options.reduce((total, { share }) => total + (share ?? 0), 0);
  return sum === 100 || sum === 0;
};
