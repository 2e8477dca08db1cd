/**
 * The picture of a poll that goes with its link on other sites: the question, and its bars as they are for
 * everybody, or where readers may not see them, the options.
 *
 * It is looked at long after it was drawn, so every moment in it comes with its date.
 */
import { directionOf } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import { hiddenNote } from "../views/outcome.tsx";
import { pictureSize } from "../views/paths.ts";
import { resultLines } from "../views/result-list.tsx";
import type { Words } from "../words/words.ts";
import { Ink, type Type } from "./ink.ts";
import { fitText, wrapText } from "./lines.ts";

export interface PollPicture {
  readonly words: Words;
  readonly siteName: string;
  readonly poll: Poll;
  readonly state: PollState;
  /** As anybody may see them; `null` where they can't be read right now, or nobody can have voted. */
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

/** The first in which the question has so few lines that all rows have room below it, else the last. */
const questionTypes = [
  { size: 88, linesMax: 4 },
  { size: 66, linesMax: 3 },
  { size: 54, linesMax: 3 },
  { size: 44, linesMax: 4 },
];
/** Of rows: what the question leaves them if it can, and what they can do with. */
const barHeights = { wanted: 66, least: 57, most: 84 };
const optionHeights = { wanted: 56, least: 48, most: 64 };

/** One line of the lower half: an option with its bar, or with a ring to be chosen by. */
interface Row {
  readonly label: string;
  readonly bar?: number;
  /** At the bar's end. */
  readonly number?: string;
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
  return resultLines(words, poll, results).map(({ label, bar, head, detail }) => ({
    label,
    bar,
    number: head || detail,
  }));
}

/** Whose poll it is, and where it stands. */
function drawHead(ink: Ink, { words, siteName, state }: PollPicture): void {
  const over = state === "closing" || state === "final";
  const says = over ? (state === "final" ? "finalResult" : "closing") : "readerPoll";
  const widthMax = inner / 2 - 16;
  ink.text(siteName, margin, 74, { ...siteType, colour: "ink", widthMax });
  ink.text(words.say(says), width - margin, 74, {
    ...small,
    weight: 600,
    colour: state === "closing" ? "warn" : "accent",
    widthMax,
    align: "end",
  });
  ink.box("hair", margin, 98, inner, 2);
}

/** Gives where it ends: `room` pixels before the foot, if it can. */
function drawQuestion(ink: Ink, question: string, room: number): number {
  const tries = questionTypes.map(({ size, linesMax }) => {
    const type: Type = { family: "serif", weight: 600, size };
    const lines = wrapText(question, inner, ink.measure(type));
    const leading = Math.round(size * 1.2);
    const end = questionTop + Math.min(lines.length, linesMax) * leading;
    return { type, lines, linesMax, leading, end };
  });
  const fits = tries.find(
    ({ lines, linesMax, end }) => lines.length <= linesMax && end + 20 + room <= footTop,
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

/** As many as there is room for, those with the most; the last place says how many more there are. */
function drawRows(
  ink: Ink,
  words: Words,
  rows: readonly Row[],
  { least, most }: typeof barHeights,
  top: number,
): void {
  const room = footTop - top - 20;
  const places = Math.max(2, Math.floor(room / least));
  const shown = rows.length <= places ? rows : leading(rows, places - 1);
  const step = Math.min(most, room / Math.min(rows.length, places));
  const offset = 20 + (room - Math.min(rows.length, places) * step) / 2;
  const longest = Math.max(1, ...rows.map(({ bar = 0 }) => bar));
  for (const [index, row] of shown.entries()) {
    const y = top + offset + index * step;
    if (row.bar === undefined) {
      ink.ring("mark", margin + 14, y + 20, 12);
      const at = { ...label, colour: "ink", widthMax: inner - 46 } as const;
      ink.text(row.label, margin + 46, y + 30, at);
    } else drawBar(ink, row, y, row.bar === longest);
  }
  if (shown.length === rows.length) return;
  const more = words.say("moreOptions", { count: rows.length - shown.length });
  const y = top + offset + 30 + shown.length * step;
  ink.text(more, margin, y, { ...small, colour: "soft", widthMax: inner });
}

/** In the order of the page. */
function leading(rows: readonly Row[], count: number): readonly Row[] {
  const kept = new Set([...rows].sort((a, b) => (b.bar ?? 0) - (a.bar ?? 0)).slice(0, count));
  return rows.filter(row => kept.has(row));
}

function drawBar(ink: Ink, row: Row, y: number, longest: boolean): void {
  const { bar = 0, number: says = "" } = row;
  const end = { ...number, colour: "ink", widthMax: inner / 2, align: "end" } as const;
  const widthMax = inner - Math.min(inner / 2, ink.measure(number)(says)) - 32;
  ink.text(row.label, margin, y + 26, { ...label, colour: "ink", widthMax });
  ink.text(says, width - margin, y + 26, end);
  ink.box("track", margin, y + 36, inner, 12);
  ink.box(longest ? "ink" : "bar", margin, y + 36, (inner * bar) / 100, 12);
}

/** How many voted, as of when, and what the numbers mean. */
function drawFoot(ink: Ink, { words, poll, state, results }: PollPicture): void {
  const dated = (ms: number) => words.dated(ms);
  const at = { ...small, colour: "soft" } as const;
  ink.box("hair", margin, footTop, inner, 2);
  let y = footTop + 40;
  if (state === "scheduled" && poll.opensAtMs !== null) {
    const opens = words.say("opensAt", { when: dated(poll.opensAtMs) });
    ink.text(opens, margin, y, { ...at, colour: "ink", widthMax: inner });
  } else if (results && results.hidden !== null) {
    ink.text(hiddenNote(words, poll, dated), margin, y, { ...at, widthMax: inner });
  } else if (results) {
    const half = { ...at, widthMax: inner / 2 - 16 };
    const { ballots } = results;
    if (ballots !== null) ink.text(words.say("ballots", { count: ballots }), margin, y, half);
    const asOf = words.say("asOf", { time: dated(Date.parse(results.asOf)) });
    if (state === "open") ink.text(asOf, width - margin, y, { ...half, align: "end" });
    if (ballots === null && state !== "open") y -= 36;
  } else y -= 36;
  ink.text(words.say("method"), margin, y + 36, { ...at, widthMax: inner });
}
