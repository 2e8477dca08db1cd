/**
 * `floodgate dead-letters`: lists what could not be counted, shows the bytes of one dead letter, tries to count it
 * again, or dismisses it.
 */
import { createLog } from "#lib/base/log.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import type { PollId } from "#lib/model/ids.ts";
import { createProgram, exitStatus, UsageError, wholeNumber } from "#lib/program/command-line.ts";
import { reconcile } from "#lib/rebuild/reconcile.ts";
import {
  dismissDeadLetter,
  listDeadLetters,
  readDeadLetterBytes,
} from "#lib/store/dead-letters.ts";
import { pollsById } from "#lib/store/polls.ts";
import { moveTallies } from "#lib/tallies/counters.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";

interface DeadLetterOptions {
  readonly show?: number;
  readonly redrive?: number;
  readonly all?: boolean;
  readonly dismiss?: number;
}

export const command = createProgram<DeadLetterOptions>(
  {
    name: "dead-letters",
    summary: "list what could not be counted; count it again, or dismiss it",
    description:
      "Without an option: lists the dead letters, which are ballots or slots that were accepted and could not be " +
      "counted, with the reason. Take one option at a time.",
    options: [
      {
        flags: "--show <number>",
        text: "print the bytes of one as hex",
        read: wholeNumber(1),
        conflicts: ["redrive", "all", "dismiss"],
      },
      {
        flags: "--redrive <number>",
        text: "try to count one again; it is deleted when MySQL has taken it",
        read: wholeNumber(1),
        conflicts: ["all", "dismiss"],
      },
      {
        flags: "--all",
        text: "try to count all of them again",
        conflicts: ["dismiss"],
      },
      {
        flags: "--dismiss <number>",
        text: "accept that one can never be counted: it stays, and the doctor no longer reports it",
        read: wholeNumber(1),
      },
    ],
    statuses: {
      0: "done",
      1: "a dead letter could still not be counted, or a server could not be used",
    },
    examples: [
      "floodgate dead-letters",
      "floodgate dead-letters --show 12 | xxd -r -p",
      "floodgate dead-letters --redrive 12",
    ],
  },
  async options => {
    const worker = buildWorker(operatorSettings().config, createLog("dead-letters", "warn"));
    try {
      await worker.agreed.take();
      return await runOption(worker, options);
    } finally {
      await worker.close();
    }
  },
);

async function runOption(worker: WorkerParts, options: DeadLetterOptions): Promise<number> {
  if (options.show !== undefined) return show(worker, options.show);
  if (options.redrive !== undefined) return redrive(worker, [options.redrive]);
  if (options.dismiss !== undefined) return dismiss(worker, options.dismiss);
  if (!options.all) return list(worker);
  const letters = await listDeadLetters(worker.store);
  return redrive(
    worker,
    letters.map(({ id }) => id),
  );
}

async function list({ store }: WorkerParts): Promise<number> {
  const letters = await listDeadLetters(store);
  for (const { id, createdAtMs, slug, ballots, epoch, slot, reason, dismissed } of letters) {
    const what = `${ballots || "unknown"} ballots of ${slug ?? "an unknown poll"}`;
    const why = dismissed ? `${reason} (dismissed)` : reason;
    print(`${id}  ${new Date(createdAtMs).toISOString()}  ${what}  ${epoch}:${slot}  ${why}`);
  }
  print(`dead-letters: ${letters.length}`);
  return exitStatus.ok;
}

/** A dump that `xxd -r -p` turns into bytes again. */
async function show({ store }: WorkerParts, id: number): Promise<number> {
  const bytes = await readDeadLetterBytes(store, id);
  if (!bytes) throw noSuchLetter(id);
  const bytesPerLine = 32;
  for (let from = 0; from < bytes.length; from += bytesPerLine) {
    print(bytes.toString("hex", from, from + bytesPerLine));
  }
  return exitStatus.ok;
}

async function dismiss({ store }: WorkerParts, id: number): Promise<number> {
  if (!(await dismissDeadLetter(store, id))) throw noSuchLetter(id);
  print(`${id}: dismissed; its ballots stay set aside`);
  return exitStatus.ok;
}

const noSuchLetter = (id: number) => new UsageError(`there is no dead letter ${id}`);

/**
 * Tries to count the dead letters again, and moves the tallies; afterwards the tallies of their polls are compared with
 * the totals.
 */
async function redrive(worker: WorkerParts, ids: readonly number[]): Promise<number> {
  let left = 0;
  const changed = new Set<PollId>();
  for (const id of ids) {
    const result = await redriveLetter(worker.store, id);
    if (result.outcome === "counted") {
      await moveTallies(worker.tallies.placement, result.corrections);
      for (const poll of result.polls) changed.add(poll);
      print(`${id}: counted ${result.counted}, duplicates ${result.duplicates}`);
    } else {
      left += 1;
      print(`${id}: stays: ${result.reason}`);
    }
  }
  const polls = await pollsById(worker.store, [...changed]);
  if (polls.length > 0) await reconcile(worker.tallies, polls, true);
  return left > 0 ? exitStatus.failed : exitStatus.ok;
}
