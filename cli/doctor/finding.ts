/**
 * A finding of the doctor about one subject: no problem; or what is wrong, what to do, and the section of the
 * runbook. Checks are functions that give findings.
 */
import { plural } from "#lib/base/human-readable.ts";

/** `ok`: nothing to do. `warn`: it works, and an operator should know. `wrong`: an operator has to act. */
export type Level = "ok" | "warn" | "wrong";

/** Sections of docs/runbook.md, by their anchors. A test compares them with its headings. */
export const sections = [
  "settings",
  "secrets",
  "node",
  "memcached-is-away",
  "memcached-evicts-items",
  "memcached-is-nearly-full",
  "memcached-is-set-up-for-something-else",
  "memcached-can-be-reached-by-others",
  "connections-run-out",
  "mysql-is-away",
  "mysql-is-set-up-for-something-else",
  "the-schema-does-not-fit",
  "clocks-differ",
  "queues-and-checkpoints-do-not-fit",
  "rows-totals-and-tallies-differ",
  "the-books-do-not-balance",
  "ballots-are-lost",
  "dead-letters",
  "no-worker",
  "the-flush-is-stale",
  "votes-are-refused",
  "votes-are-not-stored",
  "processes-differ",
  "rotate-the-secret",
  "backups",
  "the-servers-change",
] as const;
export type Section = (typeof sections)[number];

export interface Finding {
  readonly level: Level;
  /** The subject: `memcached 127.0.0.1:11211`. */
  readonly about: string;
  /** Its state, in words. */
  readonly says: string;
  /** What to do; absent when there is no problem. */
  readonly todo?: string;
  readonly section?: Section;
}

export const ok = (about: string, says: string): Finding => ({ level: "ok", about, says });

export const warn = (about: string, section: Section, says: string, todo: string): Finding => ({
  level: "warn",
  about,
  says,
  todo,
  section,
});

export const wrong = (about: string, section: Section, says: string, todo: string): Finding => ({
  level: "wrong",
  about,
  says,
  todo,
  section,
});

/** The findings that are problems; when there are none, one `ok` finding about `about`. */
export function findingsOrOk(findings: readonly (Finding | false)[], about: string, says: string) {
  const found = findings.filter(finding => finding !== false);
  return found.length > 0 ? found : [ok(about, says)];
}

/** One line for a subject without a problem, two for any other. */
export function lineOf({ level, about, says, todo, section }: Finding): string {
  const first = `${level.padEnd(5)}  ${about}: ${says}`;
  return todo === undefined ? first : `${first}\n       ${todo} (docs/runbook.md#${section})`;
}

/** The last line: `doctor: no problems, 2 notes, 12 checks passed`. */
export function verdictOf(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter(finding => finding.level === level).length;
  const [wrongs, warnings] = [count("wrong"), count("warn")];
  const problems = wrongs === 0 ? "no problems" : plural(wrongs, "problem");
  const notes = warnings === 0 ? [] : [plural(warnings, "note")];
  return `doctor: ${[problems, ...notes, `${plural(count("ok"), "check")} passed`].join(", ")}`;
}
