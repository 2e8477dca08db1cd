/** Results into the card: bars move, text stays where it is. */
import { momentIn } from "../when.ts";
import {
  language,
  number,
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
  readonly hidden: string | null;
  readonly ballots: number | null;
  readonly waiting: number | null;
  readonly options: readonly {
    readonly id: string;
    readonly label: string;
    readonly votes: number | null;
    readonly share: number | null;
  }[];
}

/** At most one summary a minute is read out, however often the numbers change. */
const summaryMs = 60_000;
const summarized = new WeakMap<HTMLElement, number>();

/** Writes results into their places, shown or not. */
export function writeResults(card: HTMLElement, results: Results): void {
  const most = Math.max(1, ...results.options.map(option => option.votes ?? 0));
  for (const { id, votes, share } of results.options) {
    const row = card.querySelector<HTMLElement>(`[data-option="${id}"]`);
    if (!row) continue;
    const bar = share ?? Math.round(((votes ?? 0) * 100) / most);
    setText(row, "share", share === null ? "" : percent(share));
    setText(row, "votes", votes === null ? "" : sayCount(card, "votes", votes));
    row.querySelector("rect")?.setAttribute("width", `${bar}%`);
  }
  const { ballots } = results;
  setText(card, "ballots", ballots === null ? "" : sayCount(card, "ballots", ballots));
  writeWaiting(card, results);
  sayAsOf(card, results.asOf);
  writeSentence(card, results);
  writeState(card, results.state);
  const thanks = part(card, "thanks")?.hidden === false;
  setHidden(card, thanks || results.hidden !== null, "bars");
  setHidden(card, thanks || results.hidden === null, "hidden-note");
  const own = part(card, "own");
  if (own) own.hidden = own.textContent === "" || !(thanks || results.hidden !== null);
}

/** How many of the last votes are not in MySQL yet: said while the poll is closing, and nothing else moves. */
function writeWaiting(card: HTMLElement, { state, waiting }: Results): void {
  setHidden(card, state !== "closing" || !waiting, "waiting");
  if (waiting) setText(card, "waiting", say(card, "waitingCount", { count: number(waiting) }));
}

/** "Of 12,431 readers by 20:00, 54% chose …": what can be quoted. */
function writeSentence(card: HTMLElement, results: Results): void {
  const most = Math.max(...results.options.map(option => option.votes ?? 0));
  const leader = results.options.find(option => option.votes === most);
  if (!leader || leader.share === null || !results.ballots) return;
  const sentence = sayCount(card, "sentence", results.ballots, {
    time: momentIn(language, undefined, quotedMs(card, results), Date.now()),
    share: percent(leader.share),
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
  const labels: string[] = [];
  for (const row of card.querySelectorAll<HTMLElement>("[data-option]")) {
    const own = mine.includes(row.dataset.option ?? "");
    row.toggleAttribute("data-mine", own);
    if (own) labels.push(row.dataset.label ?? "");
  }
  const options = new Intl.ListFormat(language).format(labels);
  setText(card, "own", say(card, "youChose", { options }));
  setHidden(card, true, "to-the-poll");
}
