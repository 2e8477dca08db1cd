/**
 * Recovers the accepted counts of earlier runs at this home: the file that a front left behind, however it ended,
 * becomes part of the books (`accepted-count.ts`).
 */
import { readdirSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { SECOND } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import { isRunning } from "../base/running-process.ts";
import type { PollId, PollKey } from "../model/ids.ts";
import { keyOfId } from "../model/poll-key.ts";
import { type Acceptance, raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { countFilePattern } from "./accepted-count-file.ts";

const recoverRetry = { firstMs: SECOND, maxMs: 60 * SECOND };

export interface RecoverCountsDeps {
  readonly store: Store;
  readonly log: Log;
  readonly directory: string;
  readonly home: number;
  /** The current run, whose file stays. */
  readonly producer: Buffer;
}

/**
 * Recovers the files of ended runs, waiting for MySQL as long as it takes; resolves early when `signal` is aborted.
 * Never rejects.
 */
export async function recoverCounts(deps: RecoverCountsDeps, signal: AbortSignal): Promise<void> {
  for (const name of filesOfEndedRuns(deps)) {
    if (signal.aborted) return;
    try {
      const retryable = (error: unknown) => isStoreFailure(error);
      await retry(() => recoverFile(deps, name), { ...recoverRetry, retryable, signal });
    } catch (error) {
      if (isStoreFailure(error)) return;
      deps.log.error({
        event: "accepted_count_not_recovered",
        file: name,
        ...describeError(error),
      });
    }
  }
}

function filesOfEndedRuns({ directory, home, producer }: RecoverCountsDeps): string[] {
  return readdirSync(directory).filter(name => {
    const [, itsHome, pid, hex] = countFilePattern.exec(name) ?? [];
    if (Number(itsHome) !== home || hex === producer.toString("hex")) return false;
    return Number(pid) === process.pid || !isRunning(Number(pid));
  });
}

async function recoverFile(
  { store, log, directory }: RecoverCountsDeps,
  name: string,
): Promise<void> {
  const path = join(directory, name);
  const entries = parseCounts(readFileSync(path, "utf8"), countFilePattern.exec(name)?.[3] ?? "");
  await store.transaction(db => raiseAccepted(db, entries));
  unlinkSync(path);
  log.info({ event: "accepted_count_recovered", file: name, polls: entries.length });
}

/** The newest count of each poll; a truncated last line is ignored. */
export function parseCounts(text: string, producerHex: string): Acceptance[] {
  const producer = Buffer.from(producerHex, "hex");
  const counts = new Map<PollKey, Acceptance>();
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [, poll, count, key] = /^(\d{1,10}) (\d{1,15})(?: (\d{10,20}))?$/.exec(line) ?? [];
    if (!poll || !count) continue;
    const pollId = Number(poll) as PollId;
    const pollKey = key === undefined ? keyOfId(pollId) : (key as PollKey);
    counts.set(pollKey, { pollId, pollKey, producer, ballots: Number(count) });
  }
  return [...counts.values()];
}
