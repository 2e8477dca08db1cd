/**
 * What the doctor says about one thing: that it is well, or what is wrong, what to do, and where the runbook
 * says more. Checks are functions that give findings; nothing here looks at anything.
 */

/**
 * `ok`: nothing to do. `warn`: it works, and somebody should know. `wrong`: somebody has to do something.
 */
export type Level = "ok" | "warn" | "wrong";

/** Sections of docs/runbook.md, by their anchors. A test holds them to its headings. */
export const sections = [
  "settings",
  "secrets",
  "memcached-is-away",
  "memcached-throws-things-away",
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
] as const;
export type Section = (typeof sections)[number];

export interface Finding {
  readonly level: Level;
  /** What was looked at: `memcached 127.0.0.1:11211`. */
  readonly about: string;
  /** How it is, in words. */
  readonly says: string;
  /** What to do; nothing, when it is well. */
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

/** The findings that are bad news; or, when there are none, that all is well with `about`. */
export function orWell(findings: readonly (Finding | false)[], about: string, says: string) {
  const found = findings.filter(finding => finding !== false);
  return found.length > 0 ? found : [ok(about, says)];
}

/** One line for what is well, two for what is not. */
export function lineOf({ level, about, says, todo, section }: Finding): string {
  const first = `${level.padEnd(5)}  ${about}: ${says}`;
  return todo === undefined ? first : `${first}\n       ${todo} (docs/runbook.md#${section})`;
}

/** The last line: how many of each. */
export function verdictOf(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter(finding => finding.level === level).length;
  const [bad, doubtful] = [count("wrong"), count("warn")];
  const warnings = doubtful === 0 ? "" : `, ${doubtful} to know of`;
  return `doctor: ${bad === 0 ? "nothing is wrong" : `${bad} wrong`}${warnings}, ${count("ok")} ok`;
}
