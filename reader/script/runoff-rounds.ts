/** The rounds of an instant-runoff, rewritten after each new computation. */

import type { Results, RunoffResults } from "#lib/model/results.ts";
import { markOf, runoffVersion, tieSentences } from "../words/outcome-sentence.ts";
import { formatNumber, formatPercent, part, say, setText, speakerOf } from "./card.ts";
import { formatTime } from "./times.ts";

export function writeRunoff(card: HTMLElement, results: Results): void {
  const section = part(card, "runoff");
  const { runoff } = results;
  const version = runoffVersion(results);
  if (!section || !runoff || section.dataset.at === version) return;
  section.dataset.at = version;
  setText(card, "runoff-at", say(card, "runoffAt", { time: formatTime(runoff.computedAt) }));
  const table = section.querySelector("table");
  table?.replaceChildren(head(card, runoff), body(card, results, runoff));
  if (table) table.hidden = runoff.rounds.length === 0;
  setText(card, "ties", tieSentences(speakerOf(card), results));
}

function head(card: HTMLElement, { rounds }: RunoffResults): HTMLElement {
  const titles = rounds.map((_, index) => say(card, "round", { number: formatNumber(index + 1) }));
  const row = document.createElement("tr");
  row.append(...[say(card, "option"), ...titles].map(title => cell("th", title, "col")));
  const thead = document.createElement("thead");
  thead.append(row);
  return thead;
}

function body(card: HTMLElement, results: Results, { rounds }: RunoffResults): HTMLElement {
  const format = results.ballots === null ? formatPercent : formatNumber;
  const tbody = document.createElement("tbody");
  for (const { id, label } of results.options) {
    const votes = rounds.map(round => round.votes[id]);
    const row = rowOf(
      label,
      votes.map(count => (count === undefined ? "–" : format(count))),
    );
    const mark = markOf(key => say(card, key), results, id);
    if (mark) {
      const word = document.createElement("span");
      word.className = "poll-mark";
      word.textContent = mark;
      row.firstElementChild?.append(" ", word);
      row.dataset.winner = "";
    }
    tbody.append(row);
  }
  if (results.ballots !== null) {
    const exhausted = rounds.map(round => formatNumber(round.exhausted ?? 0));
    tbody.append(rowOf(say(card, "noFurtherChoice"), exhausted));
  }
  return tbody;
}

function rowOf(label: string, texts: readonly string[]): HTMLElement {
  const row = document.createElement("tr");
  row.append(cell("th", label, "row"), ...texts.map(text => cell("td", text)));
  return row;
}

function cell(name: "th" | "td", text: string, scope?: string): HTMLElement {
  const element = document.createElement(name);
  if (scope) element.setAttribute("scope", scope);
  element.textContent = text;
  return element;
}
