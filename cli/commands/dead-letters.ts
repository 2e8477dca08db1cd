/**
 * `npm run letters`: lists the dead letters. `-- --show 12` prints the bytes of one. `-- --redrive 12` (or
 * `--all`) tries to count what is in one, or in all of them, again: what MySQL takes now is in the result,
 * and the letter is gone. `-- --dismiss 12` says that nothing can be done about one: it stays, and is no finding of
 * the doctor's any more.
 */
import { parseArgs } from "node:util";
import { wallMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { ConfigError } from "#lib/config/config.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import { reconcile } from "#lib/rebuild/reconcile.ts";
import { dismissDeadLetter, listDeadLetters, readLetterBytes } from "#lib/store/dead-letters.ts";
import { everOpenPolls } from "#lib/store/polls.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { operatorSettings } from "../settings.ts";

const exitUsage = 64;
const exitConfig = 78;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function list({ store }: WorkerParts): Promise<number> {
  const letters = await listDeadLetters(store);
  for (const { id, createdAtMs, slug, ballots, epoch, slot, reason, dismissed } of letters) {
    const what = `${ballots || "unknown"} ballots of ${slug ?? "an unknown poll"}`;
    const why = dismissed ? `${reason} (dismissed)` : reason;
    say(`${id}  ${new Date(createdAtMs).toISOString()}  ${what}  ${epoch}:${slot}  ${why}`);
  }
  say(`letters: ${letters.length}`);
  return 0;
}

/** As a dump that tools read: `npm run letters -- --show 12 | xxd -r -p`. */
async function show({ store }: WorkerParts, id: number): Promise<number> {
  const bytes = await readLetterBytes(store, id);
  if (!bytes) return missing(id);
  for (let at = 0; at < bytes.length; at += 32) say(bytes.toString("hex", at, at + 32));
  return 0;
}

async function dismiss({ store }: WorkerParts, id: number): Promise<number> {
  if (!(await dismissDeadLetter(store, id, wallMs()))) return missing(id);
  say(`${id}: dismissed; its ballots stay set aside`);
  return 0;
}

function missing(id: number): number {
  process.stderr.write(`letters: there is no letter ${id}\n`);
  return 1;
}

async function redrive(worker: WorkerParts, ids: readonly number[]): Promise<number> {
  let left = 0;
  const touched = new Set<number>();
  for (const id of ids) {
    const result = await redriveLetter(worker.store, id);
    if (result.outcome === "counted") {
      for (const poll of result.polls) touched.add(poll);
      say(`${id}: counted ${result.counted}, duplicates ${result.duplicates}`);
    } else {
      left += 1;
      say(`${id}: stays: ${result.reason}`);
    }
  }
  const polls = (await everOpenPolls(worker.store, wallMs())).filter(({ id }) => touched.has(id));
  if (polls.length > 0) await reconcile(worker.tallies, polls, true);
  return left > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      show: { type: "string" },
      redrive: { type: "string" },
      dismiss: { type: "string" },
      all: { type: "boolean", default: false },
    },
  });
  for (const number of [values.show, values.redrive, values.dismiss]) {
    if (number === undefined || /^\d+$/.test(number)) continue;
    process.stderr.write("letters: --show, --redrive and --dismiss take the number of a letter\n");
    return exitUsage;
  }
  const worker = buildWorker(operatorSettings().config, createLog("letters", "warn"));
  try {
    if (values.show !== undefined) return await show(worker, Number(values.show));
    if (values.redrive !== undefined) return await redrive(worker, [Number(values.redrive)]);
    if (values.dismiss !== undefined) return await dismiss(worker, Number(values.dismiss));
    if (!values.all) return await list(worker);
    const letters = await listDeadLetters(worker.store);
    return await redrive(
      worker,
      letters.map(({ id }) => id),
    );
  } finally {
    await worker.close();
  }
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`letters: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
}
