/**
 * `npm run recount [-- --poll slug] [--repair]`: counts the rows of one poll, or of all, again and compares
 * them with the totals, and the totals with the tallies. Prints what differs. Ends with status 1 when
 * something does and was not mended, and with 75 (try again) when all that can be said is that the tallies
 * could not be compared: ballots are on their way.
 */
import { parseArgs } from "node:util";
import { wallMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { ConfigError } from "#lib/config/config.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { describePart, partsOf } from "#lib/model/tally-parts.ts";
import { compareTallies, reconcile } from "#lib/rebuild/reconcile.ts";
import { everOpenPolls, findPoll } from "#lib/store/polls.ts";
import { readTally } from "#lib/tallies/counters.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { operatorSettings } from "../settings.ts";

const exitUsage = 64;
/** As of sysexits.h: it may be otherwise in a moment. */
const exitAgain = 75;
const exitConfig = 78;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function pollsToCount({ store }: WorkerParts, slug: string | undefined): Promise<Poll[]> {
  if (slug === undefined) return everOpenPolls(store, wallMs());
  const poll = await findPoll(store, slug as Slug);
  if (poll) return [poll];
  process.stderr.write(`recount: there is no poll "${slug}"\n`);
  process.exit(exitUsage);
}

/** Polls whose rows are not what their totals say; with `repair`, they are afterwards. */
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
      say(`${poll.slug}: ${name}: ${rows} by the rows, ${totals} by the totals`);
    }
  }
  return [...off];
}

/** Nobody keeps the tallies of a final poll: once forgotten, they are made again for whoever asks. */
async function isForgotten({ tallies }: WorkerParts, poll: Poll): Promise<boolean> {
  if (poll.finalizedAtMs === null) return false;
  const up = tallies.tallies.of(poll.id).filter(({ available }) => available);
  const found = await Promise.all(up.map(server => readTally(server, poll.id, partsOf(poll))));
  return !found.every(tally => tally !== undefined);
}

/** Polls whose tallies are not what the totals say; `undefined` while ballots are on their way. */
async function compareKept(
  worker: WorkerParts,
  polls: readonly Poll[],
): Promise<Poll[] | undefined> {
  const kept: Poll[] = [];
  for (const poll of polls) if (!(await isForgotten(worker, poll))) kept.push(poll);
  const comparison = await compareTallies(worker.tallies, kept);
  if (comparison.state === "busy") return undefined;
  for (const { slug } of comparison.off) say(`${slug}: the tallies are not what the totals are`);
  return comparison.off;
}

/** Compares, and mends if asked to; gives the verdict and the exit status. */
async function recount(
  worker: WorkerParts,
  polls: readonly Poll[],
  repair: boolean,
): Promise<{ verdict: string; status: number }> {
  const rowsOff = await compareRows(worker, polls, repair);
  const talliesOff = await compareKept(worker, polls);
  const off = [...new Set([...rowsOff, ...(talliesOff ?? [])])];
  const unknown = talliesOff ? "" : "tallies not compared, ballots are on their way";
  if (off.length === 0) {
    if (unknown) return { verdict: `rows as they should be, ${unknown}`, status: exitAgain };
    return { verdict: "all as it should be", status: 0 };
  }
  const also = unknown && `; ${unknown}`;
  if (!repair) return { verdict: `${off.length} off${also}`, status: 1 };
  if (!(await reconcile(worker.tallies, off, true))) {
    return { verdict: `${off.length} off, tallies could not be mended now`, status: 1 };
  }
  return { verdict: `${off.length} mended${also}`, status: unknown ? exitAgain : 0 };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { poll: { type: "string" }, repair: { type: "boolean", default: false } },
  });
  const worker = buildWorker(operatorSettings().config, createLog("recount", "warn"));
  try {
    const polls = await pollsToCount(worker, values.poll);
    const { verdict, status } = await recount(worker, polls, values.repair);
    say(`recount: ${polls.length} polls, ${verdict}`);
    return status;
  } finally {
    await worker.close();
  }
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`recount: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
}
