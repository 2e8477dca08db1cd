/** The fault table: for each fault, how often it was done and what became of the ballots. */
import type { Report } from "./incident.ts";

export interface FaultRow {
  readonly fault: string;
  readonly runs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubleCounted: number;
  /** Runs with a complaint; a fault that left no evidence is one. */
  readonly failed: number;
}

/** One row a fault, in the order of their names, and one for all. */
export function faultTable(reports: readonly Report[]): FaultRow[] {
  const names = [...new Set(reports.map(report => report.fault))].sort();
  const rows = names.map(name =>
    sumUp(
      name,
      reports.filter(report => report.fault === name),
    ),
  );
  return [...rows, sumUp("all", reports)];
}

function sumUp(fault: string, reports: readonly Report[]): FaultRow {
  const sum = (of: (report: Report) => number) => reports.reduce((all, r) => all + of(r), 0);
  return {
    fault,
    runs: reports.length,
    acknowledged: sum(report => report.acknowledged),
    lost: sum(report => report.lost.length),
    doubleCounted: sum(report => report.doubleCounted),
    failed: sum(report => (report.complaints.length > 0 ? 1 : 0)),
  };
}

/** As Markdown, so that it can be kept in a note as it is. */
export function formatTable(rows: readonly FaultRow[]): string {
  const lines = rows.map(
    ({ fault, runs, acknowledged, lost, doubleCounted, failed }) =>
      `| ${[fault, runs, acknowledged, lost, doubleCounted, failed].join(" | ")} |`,
  );
  return [
    "| fault | runs | acknowledged | lost | double counted | failed runs |",
    "| --- | --: | --: | --: | --: | --: |",
    ...lines,
  ].join("\n");
}
