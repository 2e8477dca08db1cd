/**
 * Pages of polls, by state and by words, for editors and readers. A page begins where another one ended, at the number of
 * a poll: so none is left out or repeated while polls are made meanwhile, and the last page costs what the first does.
 */
import type { PollId, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { PollState } from "../model/poll-state.ts";
import type { Database, Row } from "./database.ts";
import { idMax, type PollRow, pollColumns, withEverything } from "./polls.ts";

/** The states of a poll, and `closed` for those after its closing. */
export const pollFilters = ["draft", "scheduled", "open", "closing", "final", "closed"] as const;
export type PollFilter = (typeof pollFilters)[number];

/** Which polls. */
export interface PollSelection {
  readonly state?: PollFilter | undefined;
  /** Each of them is in the question or in the slug, in upper or lower case. */
  readonly words?: readonly string[];
  /** Only those that readers' list may show. */
  readonly listed?: boolean;
  readonly nowMs: number;
}

export interface PageOfPolls {
  /** Polls with lower numbers than this one; without it and `after`, the newest. */
  readonly before?: PollId | undefined;
  /** Polls with higher numbers than this one. */
  readonly after?: PollId | undefined;
  readonly limit: number;
}

/** One page, the newest poll first. */
export interface FoundPage<T> {
  readonly polls: readonly T[];
  /** There are selected polls with higher numbers than those of this page; with lower ones. */
  readonly hasNewer: boolean;
  readonly hasOlder: boolean;
}

/** What a list shows of a poll. */
export type PollLine = Pick<
  Poll,
  "id" | "slug" | "question" | "opensAtMs" | "closesAtMs" | "finalizedAtMs"
>;

type Value = string | number | Date;

/** A condition in SQL, with its values. */
interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** As `model/poll-state.ts` says it. An open poll is never final, which an index knows. */
const ofState: Readonly<Record<PollFilter, string>> = {
  draft: "opens_at IS NULL",
  scheduled: "opens_at > :now",
  open: "finalized_at IS NULL AND opens_at <= :now AND (closes_at IS NULL OR closes_at > :now)",
  closing: "finalized_at IS NULL AND opens_at <= :now AND closes_at <= :now",
  final: "finalized_at IS NOT NULL AND opens_at <= :now AND closes_at <= :now",
  closed: "opens_at <= :now AND closes_at <= :now",
};

/** `:now` in a condition is the moment. */
function atMoment(sql: string, nowMs: number): Condition {
  const moments = sql.split(":now").length - 1;
  const values = Array.from({ length: moments }, () => new Date(nowMs));
  return { sql: sql.replaceAll(":now", "?"), values };
}

function hasWord(word: string): Condition {
  const pattern = `%${word.replaceAll(/[!%_]/g, "!$&")}%`;
  return {
    sql: "(question LIKE ? ESCAPE '!' OR CONVERT(slug USING utf8mb4) LIKE ? ESCAPE '!')",
    values: [pattern, pattern.toLowerCase()],
  };
}

function conditionsOf({ state, words = [], listed, nowMs }: PollSelection): Condition[] {
  return [
    ...(state ? [atMoment(ofState[state], nowMs)] : []),
    ...(listed ? [{ sql: "listed AND opens_at IS NOT NULL", values: [] }] : []),
    ...words.map(hasWord),
  ];
}

async function readPage<R extends PollRow | LineRow>(
  db: Database,
  [statement, columns]: readonly [string, string],
  selection: PollSelection,
  { before, after, limit }: PageOfPolls,
): Promise<FoundPage<R>> {
  const border: Condition =
    after === undefined
      ? { sql: "id < ?", values: [before ?? idMax + 1] }
      : { sql: "id > ?", values: [after] };
  const all = [border, ...conditionsOf(selection)];
  const rows = await db.rows<R>(
    statement,
    `SELECT ${columns} FROM polls WHERE ${all.map(({ sql }) => sql).join(" AND ")}
     ORDER BY id ${after === undefined ? "DESC" : "ASC"} LIMIT ?`,
    [...all.flatMap(({ values }) => values), limit + 1],
  );
  const isMore = rows.length > limit;
  const polls = rows.slice(0, limit);
  if (after === undefined) return { polls, hasNewer: before !== undefined, hasOlder: isMore };
  return { polls: polls.reverse(), hasNewer: isMore, hasOlder: true };
}

/** A page of polls, with everything that is published of them. Two to five queries. */
export async function pollPage(
  db: Database,
  selection: PollSelection,
  page: PageOfPolls,
): Promise<FoundPage<Poll>> {
  const found = await readPage<PollRow>(db, ["polls.page", pollColumns], selection, page);
  return { ...found, polls: await withEverything(db, found.polls) };
}

interface LineRow extends Row {
  readonly id: number;
  readonly slug: string;
  readonly question: string;
  readonly opens_at: Date | null;
  readonly closes_at: Date | null;
  readonly finalized_at: Date | null;
}

const lineColumns = "id, slug, question, opens_at, closes_at, finalized_at";

const lineOf = (row: LineRow): PollLine => ({
  id: row.id as PollId,
  slug: row.slug as Slug,
  question: row.question,
  opensAtMs: row.opens_at?.getTime() ?? null,
  closesAtMs: row.closes_at?.getTime() ?? null,
  finalizedAtMs: row.finalized_at?.getTime() ?? null,
});

/** A page of lines. One query. */
export async function linePage(
  db: Database,
  selection: PollSelection,
  page: PageOfPolls,
): Promise<FoundPage<PollLine>> {
  const found = await readPage<LineRow>(db, ["polls.lines", lineColumns], selection, page);
  return { ...found, polls: found.polls.map(lineOf) };
}

/** How many polls there are of each state, and in all. One query, of an index alone where no words are asked for. */
export async function countPolls(
  db: Database,
  { words = [], nowMs }: Pick<PollSelection, "words" | "nowMs">,
): Promise<Readonly<Record<PollState | "all", number>>> {
  const states = ["draft", "scheduled", "open", "closing", "final"] as const;
  const sums = states.map(state => {
    const { sql, values } = atMoment(ofState[state], nowMs);
    return { sql: `COALESCE(SUM(${sql}), 0) AS ${state}_polls`, values };
  });
  const conditions = words.map(hasWord);
  const where = conditions.map(({ sql }) => sql).join(" AND ");
  const [row] = await db.rows<Row & Readonly<Record<string, number | string>>>(
    "polls.count",
    `SELECT COUNT(*) AS all_polls, ${sums.map(({ sql }) => sql).join(", ")} FROM polls
     ${where && `WHERE ${where}`}`,
    [...sums, ...conditions].flatMap(({ values }) => [...values]),
  );
  const count = (name: PollState | "all") => Number(row?.[`${name}_polls`] ?? 0);
  return {
    all: count("all"),
    draft: count("draft"),
    scheduled: count("scheduled"),
    open: count("open"),
    closing: count("closing"),
    final: count("final"),
  };
}

/**
 * The lines of readers' list: open polls, the newest first; then polls that will open, the next first; then polls that
 * closed lately, the last first. Where there are more than `limit`, those at the end are left out.
 */
export async function listedPolls(
  db: Database,
  nowMs: number,
  closedSinceMs: number,
  limit: number,
): Promise<PollLine[]> {
  const now = new Date(nowMs);
  const rows = await db.rows<LineRow>(
    "polls.listed",
    `SELECT ${lineColumns},
       CASE WHEN opens_at > ? THEN 2 WHEN closes_at <= ? THEN 3 ELSE 1 END AS part
     FROM polls
     WHERE listed AND opens_at IS NOT NULL AND (closes_at IS NULL OR closes_at > ?)
     ORDER BY part, CASE part WHEN 2 THEN opens_at END,
       CASE part WHEN 1 THEN opens_at WHEN 3 THEN closes_at END DESC, id DESC
     LIMIT ?`,
    [now, now, new Date(closedSinceMs), limit],
  );
  return rows.map(lineOf);
}
