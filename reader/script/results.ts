/** Results into the card: bars move, text stays where it is. */
import { percentages, sharesOf } from "../../lib/percent.ts";
import { momentIn } from "../when.ts";
import {
  language,
  part,
  percent,
  say,
  sayCount,
  setHidden,
  setText,
  showsResults,
  stateOf,
} from "./card.ts";
import { closingMs, sayAsOf } from "./times.ts";

export interface Results {
  readonly state: string;
  readonly version: number;
  readonly asOf: string;
  readonly ballots: number;
  readonly options: readonly {
    readonly id: string;
    readonly label: string;
    readonly votes: number;
  }[];
}

/** At most one summary a minute is read out, however often the numbers change. */
const summaryMs = 60_000;
const summarized = new WeakMap<HTMLElement, number>();

/** Writes results into their places, shown or not. */
export function writeResults(card: HTMLElement, results: Results): void {
  const votes = results.options.map(option => option.votes);
  const single = card.dataset.choicesMax === "1";
  const shares = single ? percentages(votes) : sharesOf(votes, results.ballots);
  for (const [index, option] of results.options.entries()) {
    const row = card.querySelector<HTMLElement>(`[data-option="${option.id}"]`);
    if (!row) continue;
    const share = shares[index] ?? 0;
    setText(row, "share", percent(share));
    setText(row, "votes", sayCount(card, "votes", option.votes));
    row.querySelector("rect")?.setAttribute("width", `${share}%`);
  }
  setText(card, "ballots", sayCount(card, "ballots", results.ballots));
  sayAsOf(card, results.asOf);
  writeSentence(card, results, shares);
  writeState(card, results.state);
}

/** "Of 12,431 readers by 20:00, 54% chose …": what can be quoted. */
function writeSentence(card: HTMLElement, results: Results, shares: readonly number[]): void {
  const most = Math.max(...results.options.map(option => option.votes));
  const index = results.options.findIndex(option => option.votes === most);
  const leader = results.options[index];
  if (!leader || results.ballots === 0) return;
  const sentence = sayCount(card, "sentence", results.ballots, {
    time: momentIn(language, undefined, quotedMs(card, results), Date.now()),
    share: percent(shares[index] ?? 0),
    option: leader.label,
  });
  setText(card, "sentence", sentence);
  setHidden(card, false, "share-row");
  if (!showsResults(card)) return;
  const last = summarized.get(card);
  if (last !== undefined && Date.now() - last < summaryMs) return;
  summarized.set(card, Date.now());
  // Not at once: who opens the page reads the results themselves.
  if (last !== undefined) setText(card, "summary", sentence);
}

/** A result that does not move any more is that of the closing time. */
function quotedMs(card: HTMLElement, results: Results): number {
  const over = results.state === "closing" || results.state === "final";
  return (over && closingMs(card)) || Date.parse(results.asOf);
}

/** From open to closing to final, without a new page. */
function writeState(card: HTMLElement, state: string): void {
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
  reveal(card);
  setHidden(card, true, "as-of", "to-the-poll", "distance-row");
  setHidden(card, false, "when");
  if (state === "final") setHidden(card, true, "actions");
  const time = part(card, "when")?.querySelector("time");
  if (time) time.textContent = momentIn(language, undefined, Date.parse(time.dateTime), Date.now());
}

/** Shows results in place of the form. */
export function reveal(card: HTMLElement): void {
  if (stateOf(card) === "open") {
    const live = document.createElement("b");
    live.className = "poll-live";
    live.textContent = say(card, "live");
    part(card, "state")?.replaceChildren(live);
    setHidden(card, true, "when");
    setHidden(card, false, "as-of");
  }
  setHidden(card, true, "vote");
  setHidden(card, false, "results", "after");
}

/** Marks the reader's own choices. */
export function markMine(card: HTMLElement, mine: readonly string[]): void {
  for (const row of card.querySelectorAll<HTMLElement>("[data-option]")) {
    row.toggleAttribute("data-mine", mine.includes(row.dataset.option ?? ""));
  }
  setHidden(card, true, "to-the-poll");
}
