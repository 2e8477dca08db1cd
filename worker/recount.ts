/**
 * `npm run recount [-- --poll slug] [--repair]`: counts the rows of one poll, or of all, again and compares
 * them with the totals, and the totals with the tallies. Prints what differs. Ends with status 1 when
 * something does and was not repaired.
 */
import { parseArgs } from "node:util";
import { recountPoll } from "#lib/books/recount.ts";
import { wallMs } from "#lib/clock.ts";
import { ConfigError } from "#lib/config.ts";
import type { Slug } from "#lib/ids.ts";
import { createLog } from "#lib/log.ts";
import { everOpenPolls, findPoll, type Poll } from "#lib/store/polls.ts";
import { describePart } from "#lib/tallies/parts.ts";
import { compareTallies, reconcile } from "#lib/tallies/reconcile.ts";
import { buildWorker, type WorkerRuntime } from "./runtime.ts";
import { operatorSettings } from "./settings.ts";

const exitUsage = 64;
const exitConfig = 78;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function pollsToCount({ store }: WorkerRuntime, slug: string | undefined): Promise<Poll[]> {
  if (slug === undefined) return everOpenPolls(store, wallMs());
  const poll = await findPoll(store, slug as Slug);
  if (poll) return [poll];
  process.stderr.write(`recount: there is no poll "${slug}"\n`);
  process.exit(exitUsage);
}

/** Resolves with the number of polls that are off. */
async function recount(
  worker: WorkerRuntime,
  polls: readonly Poll[],
  repair: boolean,
): Promise<number> {
  const off = new Set<string>();
  for (const poll of polls) {
    for (const { part, rows, totals } of await recountPoll(worker.store, poll, repair)) {
      off.add(poll.slug);
      const name = part === "b" ? "ballots" : describePart(poll.kind, part);
      say(`${poll.slug}: ${name}: ${rows} by the rows, ${totals} by the totals`);
    }
  }
  const counting = polls.filter(({ finalizedAtMs }) => finalizedAtMs === null);
  const comparison = await compareTallies(worker.tallies, counting);
  if (comparison.state === "busy") {
    say("tallies were not compared: ballots are on their way");
  } else {
    for (const { slug } of comparison.off) {
      off.add(slug);
      say(`${slug}: the tallies are not what the totals are`);
    }
  }
  if (repair && off.size > 0) {
    await reconcile(
      worker.tallies,
      polls.filter(({ slug }) => off.has(slug)),
      true,
    );
  }
  return off.size;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { poll: { type: "string" }, repair: { type: "boolean", default: false } },
  });
  const worker = buildWorker(operatorSettings().config, createLog("recount", "warn"));
  try {
    const polls = await pollsToCount(worker, values.poll);
    const off = await recount(worker, polls, values.repair);
    const verdict =
      off === 0 ? "all as it should be" : values.repair ? `${off} mended` : `${off} off`;
    say(`recount: ${polls.length} polls, ${verdict}`);
    return off > 0 && !values.repair ? 1 : 0;
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
