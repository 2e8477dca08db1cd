/** Writes results into the card: bars move, text keeps its place. */

import type { Results } from "#lib/model/results.ts";
import { formatMoment } from "../words/format-time.ts";
import { isolated, outcomeSentence } from "../words/outcome-sentence.ts";
import {
  formatMean,
  formatNumber,
  formatPercent,
  language,
  part,
  say,
  sayCount,
  setHidden,
  setText,
  showsResults,
  speakerOf,
  stateOf,
} from "./card.ts";
import { writeRunoff } from "./runoff-rounds.ts";
import { serverNow, showAsOf, timeOf } from "./times.ts";

/** Screen readers get at most one summary per minute. */
const summaryMs = 60_000;
const summarized = new WeakMap<HTMLElement, number>();

/** Writes results into the card, visible or not. */
export function writeResults(card: HTMLElement, results: Results): void {
  const most = Math.max(1, ...results.options.map(option => option.votes ?? 0));
  for (const option of results.options) {
    const { id, votes, share, mean: grade } = option;
    const row = rowOf(card, id);
    if (!row) continue;
    const bar =
      POLL_KIND === "rating"
        ? (grade ?? 0) * 20
        : (share ?? Math.round(((votes ?? 0) * 100) / most));
    const head =
      POLL_KIND === "rating" ? grade && formatMean(grade) : share !== null && formatPercent(share);
    setText(row, "share", head || "");
    setText(row, "votes", detailOf(card, option));
    if (POLL_KIND === "rating" && option.grades) {
      writeGrades(row, option.grades, results.ballots === null ? formatPercent : formatNumber);
    }
    row.querySelector("rect")?.setAttribute("width", `${bar}%`);
  }
  if (POLL_KIND === "ranked") writeRunoff(card, results);
  const { ballots } = results;
  setText(card, "ballots", ballots === null ? "" : sayCount(card, "ballots", ballots));
  writeWaiting(card, results);
  showAsOf(card, results.asOf);
  moveMoment(card, results);
  writeState(card, results);
  const thanks = part(card, "thanks")?.hidden === false;
  setHidden(card, thanks || results.hidden !== null, "bars");
  setHidden(card, thanks || results.hidden === null, "hidden-note");
  writeSentence(card, results);
  writeEyebrow(card);
  const own = part(card, "own");
  // The bars of a choice poll mark the reader's own options.
  const isMarked = POLL_KIND === "choice" && !thanks && results.hidden === null;
  if (own) own.hidden = own.textContent === "" || isMarked;
}

const rowOf = (card: HTMLElement, id: string) =>
  card.querySelector<HTMLElement>(`[data-option="${id}"]`);

/** The text below a bar: "12 first choices · 40 points". */
function detailOf(card: HTMLElement, { votes, points }: Results["options"][number]): string {
  const parts: string[] = [];
  if (votes !== null) parts.push(sayCount(card, "votes", votes));
  if (POLL_KIND === "ranked" && points != null) parts.push(sayCount(card, "points", points));
  return parts.join(" · ");
}

/** The columns of a rated option. */
function writeGrades(row: HTMLElement, counts: readonly number[], format: typeof formatNumber) {
  const most = Math.max(1, ...counts);
  const columns = [...(part(row, "grades")?.children ?? [])];
  const names = columns.map((column, index) => {
    const count = format(counts[index] ?? 0);
    const height = ((counts[index] ?? 0) * 100) / most;
    const bar = column.querySelector("rect");
    bar?.setAttribute("y", `${100 - height}%`);
    bar?.setAttribute("height", `${height}%`);
    if (column.lastElementChild) column.lastElementChild.textContent = count;
    return `${formatNumber(index + 1)}: ${count}`;
  });
  part(row, "grades")?.setAttribute("aria-label", names.join(" · "));
}

/** The number of votes not in MySQL yet, shown while the poll is closing. */
function writeWaiting(card: HTMLElement, { state, waiting }: Results): void {
  setHidden(card, state !== "closing" || !waiting, "waiting");
  if (waiting)
    setText(card, "waiting", say(card, "waitingCount", { count: formatNumber(waiting) }));
}

/** The sentence to quote: "“No” leads: 54% of 12,431 readers (as of 26 November 2026 at 20:00 CET)." */
function writeSentence(card: HTMLElement, results: Results): void {
  // From a front of release 0.2.0: the sentence of the page, with its time, stays true.
  if (results.outcome === undefined) return;
  const sentence = outcomeSentence(speakerOf(card), results);
  setText(card, "sentence", sentence);
  const isHidden = !sentence || part(card, "bars")?.hidden === true;
  setHidden(card, isHidden, "share-row");
  if (isHidden || !showsResults(card)) return;
  const last = summarized.get(card);
  if (last !== undefined && performance.now() - last < summaryMs) return;
  summarized.set(card, performance.now());
  // Not on the first results: a reader who opens the page reads the results themselves.
  if (last !== undefined) setText(card, "summary", sentence);
}

/** An editor has moved the opening or closing, which `times.ts` shows, or has removed the closing. */
function moveMoment(card: HTMLElement, { state, opensAt, closesAt }: Results): void {
  const moment = state === "scheduled" ? opensAt : closesAt;
  const time = timeOf(card);
  if (!time?.dataset.key) return;
  if (moment) time.dateTime = moment;
  else if (moment === null) part(card, "when")?.replaceChildren();
}

/** Moves the card from open to closing to final, without a reload. */
function writeState(card: HTMLElement, { state, outcome }: Results): void {
  if (stateOf(card) === state) return;
  card.dataset.state = state;
  if (state !== "closing" && state !== "final") return;
  const text = say(card, state === "final" ? "finalResult" : "closing");
  const label = document.createElement("span");
  label.className = "poll-state";
  label.dataset.state = state;
  label.textContent = text;
  part(card, "state")?.replaceChildren(label);
  setText(card, "summary", text);
  switchToResults(card);
  setHidden(card, true, "as-of", "to-the-poll", "distance-row", "change");
  if (state === "final") setHidden(card, true, "actions");
  const time = timeOf(card);
  setHidden(card, !time, "when");
  if (!time) return;
  if (state === "final" && outcome?.final) time.dateTime = outcome.at;
  const ms = Date.parse(time.dateTime);
  time.textContent =
    state === "final"
      ? speakerOf(card).dated(ms)
      : formatMoment(language, undefined, ms, serverNow());
}

/** Shows the results in place of the form. */
export function switchToResults(card: HTMLElement): void {
  setHidden(card, true, "vote");
  setHidden(card, false, "results", "after");
  writeEyebrow(card);
}

/**
 * Above the question: the time of the numbers while they are visible, else the closing time; and whether the numbers
 * move, as `live-updates.ts` has it in the card's `data-live`.
 */
export function writeEyebrow(card: HTMLElement): void {
  const visible = showsResults(card) && part(card, "bars")?.hidden === false;
  setHidden(card, !visible, "pause");
  const label = part(card, "state")?.querySelector("b");
  if (!label || stateOf(card) !== "open") return;
  setHidden(card, visible, "when");
  setHidden(card, !visible, "as-of");
  const status = (visible && card.dataset.live) || "readerPoll";
  if (label.dataset.live === status) return;
  label.dataset.live = status;
  label.className = status === "readerPoll" ? "" : "poll-live";
  label.textContent = say(card, status);
}

/** Shows the form in place of the results. */
export function switchToForm(card: HTMLElement): void {
  setHidden(card, false, "vote");
  setHidden(card, true, "results", "after");
  writeEyebrow(card);
}

/** Marks the reader's own choices. */
export function markOwnChoices(card: HTMLElement, mine: readonly string[]): void {
  const speaker = speakerOf(card);
  const labels = mine.map((choice, index) => {
    const [id = "", grade] = choice.split(":");
    const label = isolated(rowOf(card, id)?.dataset.label ?? "", speaker.rightToLeft);
    if (POLL_KIND === "ranked") return `${formatNumber(index + 1)}. ${label}`;
    return POLL_KIND === "rating" ? `${label} (${formatNumber(Number(grade))})` : label;
  });
  for (const row of card.querySelectorAll<HTMLElement>("[data-option]")) {
    const favourites = POLL_KIND === "ranked" ? mine.slice(0, 1) : mine;
    row.toggleAttribute("data-mine", favourites.includes(row.dataset.option ?? ""));
  }
  const options = speaker.list(labels);
  setText(card, "own", mine.length > 0 ? say(card, "youChose", { options }) : "");
  setHidden(card, mine.length > 0, "to-the-poll");
}
