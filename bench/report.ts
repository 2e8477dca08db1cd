/** The report: a table on the terminal, JSON, and a page with bars, drawn by hand as SVG. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figure, RecordedAttempt, ScenarioResult } from "./figures.ts";
import type { Machine } from "./machine.ts";
import { othersCoresMax } from "./others.ts";

interface Report {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly results: readonly ScenarioResult[];
}

const format = (value: number) =>
  value >= 1_000 ? Math.round(value).toLocaleString("en") : String(Math.round(value * 100) / 100);

const ratio = ({ against }: Figure) =>
  against ? `${format(against.ratio)} × ${against.name}` : "";

const verdict = ({ target }: Figure) =>
  target ? `${target.met ? "reached" : "MISSED"}: ${target.text}` : "";

const disturbance = ({ disturbed, rounds }: Figure) =>
  disturbed > 0 ? `disturbed: ${disturbed} of ${rounds.length} rounds` : "";

export function printScenario({ figures, books, leftOut, seconds }: ScenarioResult): void {
  if (leftOut) console.log(`  left out: ${leftOut}`);
  const rows = figures.map(figure => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`,
    ratio(figure),
    verdict(figure),
    disturbance(figure),
  ]);
  const widths = [0, 1, 2, 3].map(column =>
    Math.max(...rows.map(row => (row[column] ?? "").length)),
  );
  for (const row of rows) {
    console.log(
      `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
    );
  }
  if (books) console.log(`  books: ${books.text}${books.balanced ? "" : "  DO NOT BALANCE"}`);
  console.log(`  (${Math.round(seconds)} s)\n`);
}

const escapeHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const barWidth = 320;
const rowHeight = 26;

/** Bars of all figures of one unit, each with its rounds as dots. */
function plot(figures: readonly Figure[]): string {
  const most = Math.max(...figures.flatMap(figure => [figure.value, ...figure.rounds]), 1e-9);
  const x = (value: number) => 250 + (Math.max(0, value) / most) * barWidth;
  const rows = figures.map((figure, index) => {
    const y = index * rowHeight + 4;
    const dots = figure.rounds
      .map(value => `<circle cx="${x(value).toFixed(1)}" cy="${y + 9}" r="2.5" class="dot"/>`)
      .join("");
    const note = escapeHtml(
      [ratio(figure), verdict(figure), disturbance(figure)].filter(Boolean).join(" · "),
    );
    const missed = figure.target?.met === false ? " missed" : "";
    return (
      `<text x="240" y="${y + 13}" text-anchor="end">${escapeHtml(figure.name)}</text>` +
      `<rect x="250" y="${y}" width="${(x(figure.value) - 250).toFixed(1)}" height="18" rx="2" class="bar${missed}"/>` +
      `${dots}<text x="${barWidth + 262}" y="${y + 13}">${format(figure.value)} ${escapeHtml(figure.unit)}` +
      `<tspan class="soft" dx="10">${note}</tspan></text>`
    );
  });
  const height = figures.length * rowHeight + 8;
  return `<svg viewBox="0 0 1040 ${height}" width="1040" height="${height}" role="img">${rows.join("")}</svg>`;
}

/** Load by others in every attempt at every round. */
function loadTable(attempts: readonly RecordedAttempt[]): string {
  if (attempts.length === 0) return "";
  const rows = attempts.map(({ name, others, disturbed, kept }) => {
    const fate = kept ? (disturbed ? "disturbed" : "") : "repeated";
    return `<tr><td>${escapeHtml(name)}</td><td>${others.toFixed(2)}</td><td>${fate}</td></tr>`;
  });
  const kept = attempts.filter(attempt => attempt.kept);
  const disturbed = kept.filter(attempt => attempt.disturbed).length;
  return (
    `<details><summary>Load by others: ${kept.length} rounds, ${attempts.length - kept.length} attempts ` +
    `repeated, ${disturbed} disturbed</summary><table><tr><th>round</th><th>cores</th><th></th></tr>` +
    `${rows.join("")}</table></details>`
  );
}

function section(result: ScenarioResult): string {
  const { title, figures, attempts = [], books, leftOut, seconds } = result;
  const units = [...new Set(figures.map(({ unit }) => unit))];
  const plots = units.map(unit => plot(figures.filter(figure => figure.unit === unit)));
  const notes = figures.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
  return (
    `<h2>${escapeHtml(title)}</h2>${leftOut ? `<p>Left out: ${escapeHtml(leftOut)}.</p>` : ""}` +
    plots.join("") +
    notes.map(note => `<p class="soft">${escapeHtml(note)}</p>`).join("") +
    loadTable(attempts) +
    `<p class="soft">${books ? `Books: ${escapeHtml(books.text)}. ` : ""}${Math.round(seconds)} s.</p>`
  );
}

const styles = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1080px;padding:0 1rem;
color:#1a1917;background:#fbfaf7}svg{max-width:100%;height:auto;font:13px system-ui,sans-serif}
.bar{fill:#0b5c56}.bar.missed{fill:#9c1f2e}.dot{fill:#1a1917;opacity:.55}.soft{color:#5c5850;fill:#5c5850}
h1,h2{font-weight:600;line-height:1.2}h2{margin-top:2.5rem;font-size:1.15rem}
details{margin:.75rem 0}td,th{padding:0 1rem 0 0;text-align:left;font-weight:400}
@media(prefers-color-scheme:dark){body{color:#ecebe7;background:#171614}svg text{fill:#ecebe7}
.bar{fill:#4fa79e}.bar.missed{fill:#e0707d}.dot{fill:#ecebe7}.soft,svg .soft{color:#a5a19a;fill:#a5a19a}}`;

function page({ machine, quick, results }: Report): string {
  const about = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Floodgate: benchmarks</title>` +
    `<meta name="viewport" content="width=device-width"><style>${styles}</style>` +
    `<h1>Floodgate: benchmarks</h1><p class="soft">${escapeHtml(about.join(" · "))}</p>` +
    `<p>Each bar is the median of its rounds (dots), beside the floor measured in the same run. Only ratios ` +
    `can be compared between machines, and ratios of CPU time also between hours of a shared machine. A round with ` +
    `more than ${othersCoresMax} cores of load by others was repeated; one that stayed above is called disturbed.${quick ? " A quick run: one short round of everything." : ""}</p>` +
    `${results.map(section).join("")}</html>`
  );
}

export function writeReport(folder: string, report: Report): void {
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, "index.html"), page(report));
}
