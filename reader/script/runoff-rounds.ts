/** The rounds of an instant-runoff, rewritten after each new computation. */

import type { Results } from "#lib/model/results.ts";
import { markOf, runoffVersion, tieSentences } from "../words/outcome-sentence.ts";
import { formatNumber, formatPercent, part, say, setText, speakerOf } from "./card.ts";
import { formatTime } from "./times.ts";

export function writeRunoff(card: HTMLElement, results: Results): void {
  const section = part(card, "runoff");
  const table = section?.querySelector("table");
  const { runoff, options, ballots } = results;
  const version = runoffVersion(results);
  if (!section || !table || !runoff || section.dataset.at === version) return;
  section.dataset.at = version;
  setText(card, "runoff-at", say(card, "runoffAt", { time: formatTime(runoff.computedAt) }));
  const { rounds } = runoff;
  const speaker = speakerOf(card);
  const format = ballots === null ? formatPercent : formatNumber;
  const [head, ...rows] = table.rows;
  const titles = rounds.map((_, index) => say(card, "round", { number: formatNumber(index + 1) }));
  writeCells(head, "th", titles);
  for (const [index, row] of rows.entries()) {
    // Options in their order, and below them the ballots without a further choice.
    const id = options[index]?.id;
    const counts = rounds.map(round => (id ? round.votes[id] : (round.exhausted ?? 0)));
    writeCells(
      row,
      "td",
      counts.map(count => (count === undefined ? "–" : format(count))),
    );
    const mark = id ? markOf(speaker.say, results, id) : "";
    setText(row, "mark", mark);
    row.toggleAttribute("data-winner", mark !== "");
  }
  table.hidden = rounds.length === 0;
  setText(card, "ties", tieSentences(speaker, results));
}

/** Replaces the cells of a row behind its first one. */
function writeCells(
  row: HTMLTableRowElement | undefined,
  name: "th" | "td",
  texts: readonly string[],
): void {
  const cells = texts.map(text => {
    const cell = document.createElement(name);
    if (name === "th") cell.scope = "col";
    cell.textContent = text;
    return cell;
  });
  row?.replaceChildren(row.cells[0] ?? "", ...cells);
}
