/**
 * `floodgate recount`: counts the rows of one poll, or of all, again and compares them with the totals, and the
 * totals with the tallies. Prints what differs; corrects it if asked to.
 */
import { plural } from "#lib/base/human-readable.ts";
import { createLog } from "#lib/base/log.ts";
import { recountPoll } from "#lib/books/recount.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { describePart, partsOf } from "#lib/model/tally-parts.ts";
import { createProgram, exitStatus, UsageError } from "#lib/program/command-line.ts";
import { compareTallies, reconcile } from "#lib/rebuild/reconcile.ts";
import { everOpenPolls, findPoll } from "#lib/store/polls.ts";
import { readTally } from "#lib/tallies/counters.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";

interface RecountOptions {
  readonly poll?: string;
  readonly repair?: boolean;
}

export const command = createProgram<RecountOptions>(
  {
    name: "recount",
    summary: "compare rows, totals and tallies",
    description:
      "Counts the rows of every poll that ever opened again, compares them with the totals, and the totals with the " +
      "tallies (of a final poll, the tallies that memcached still has). Prints what differs.",
    options: [
      { flags: "--poll <slug>", text: "only this poll" },
      { flags: "--repair", text: "set totals and tallies to what the rows say" },
    ],
    statuses: {
      0: "everything agrees, or agrees after the repair",
      1: "something differs and was not corrected, or a server could not be used",
      75: "rows and totals agree; ballots are on their way, so the tallies were not compared: try again",
    },
    examples: ["floodgate recount", "floodgate recount --poll city-budget --repair"],
  },
  async ({ poll: slug, repair = false }) => {
    const worker = buildWorker(operatorSettings().config, createLog("recount", "warn"));
    try {
      await worker.agreed.take();
      const polls = await pollsToCount(worker, slug);
      const { verdict, status } = await recount(worker, polls, repair);
      print(`recount: ${plural(polls.length, "poll")}: ${verdict}`);
      return status;
    } finally {
      await worker.close();
    }
  },
);

async function pollsToCount({ store }: WorkerParts, slug: string | undefined): Promise<Poll[]> {
  if (slug === undefined) return everOpenPolls(store);
  const poll = await findPoll(store, slug as Slug);
  if (!poll) throw new UsageError(`there is no poll "${slug}"`);
  return [poll];
}

/** Polls whose rows and totals differ. With `repair`, the totals are set to what the rows say. */
async function compareRows(
  { store }: WorkerParts,
  polls: readonly Poll[],
  repair: boolean,
): Promise<Poll[]> {
  const off = new Set<Poll>();
  for (const poll of polls) {
    for (const { part, rows, totals } of await recountPoll(store, poll, repair)) {
      off.add(poll);
      const name = part === "b" ? "ballots" : describePart(poll.kind, part);
      print(`${poll.slug}: ${name}: ${rows} by the rows, ${totals} by the totals`);
    }
  }
  return [...off];
}

/** The tallies of a final poll are not maintained: once forgotten, they are rebuilt when results are asked for. */
async function isForgotten({ tallies }: WorkerParts, poll: Poll): Promise<boolean> {
  if (poll.finalizedAtMs === null) return false;
  const up = tallies.placement.up(poll.key);
  const found = await Promise.all(up.map(server => readTally(server, poll.key, partsOf(poll))));
  return !found.every(tally => tally !== undefined);
}

/**
 * Polls whose totals and tallies differ, `undefined` while ballots are on their way; and how many polls have no tallies.
 */
async function compareTotals(
  worker: WorkerParts,
  polls: readonly Poll[],
): Promise<{ readonly off: Poll[] | undefined; readonly forgotten: number }> {
  const comparable: Poll[] = [];
  for (const poll of polls) if (!(await isForgotten(worker, poll))) comparable.push(poll);
  const forgotten = polls.length - comparable.length;
  const comparison = await compareTallies(worker.tallies, comparable);
  if (comparison.state === "busy") return { off: undefined, forgotten };
  for (const { slug } of comparison.off) print(`${slug}: tallies and totals differ`);
  return { off: comparison.off, forgotten };
}

/** Compares, corrects if asked to, and gives the verdict with the exit status. */
async function recount(
  worker: WorkerParts,
  polls: readonly Poll[],
  repair: boolean,
): Promise<{ verdict: string; status: number }> {
  const rowsOff = await compareRows(worker, polls, repair);
  const { off: talliesOff, forgotten } = await compareTotals(worker, polls);
  const off = [...new Set([...rowsOff, ...(talliesOff ?? [])])];
  const unknown = talliesOff ? "" : "tallies not compared: ballots are on their way";
  if (off.length === 0) {
    if (unknown)
      return { verdict: `rows and totals agree; ${unknown}`, status: exitStatus.tryAgain };
    const agree = "rows and totals agree, and tallies too, except those of";
    const verdict = forgotten
      ? `${agree} ${plural(forgotten, "final poll")}, which memcached has dropped`
      : "everything agrees";
    return { verdict, status: exitStatus.ok };
  }
  const also = unknown && `; ${unknown}`;
  if (!repair) return { verdict: `${off.length} differ${also}`, status: exitStatus.failed };
  if (!(await reconcile(worker.tallies, off, true))) {
    const verdict = `${off.length} differ, and their tallies could not be corrected now`;
    return { verdict, status: exitStatus.failed };
  }
  const status = unknown ? exitStatus.tryAgain : exitStatus.ok;
  return { verdict: `${off.length} corrected${also}`, status };
}
