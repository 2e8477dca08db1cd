/**
 * Handing in the tapes of earlier lives of this home: what a front had accepted when it ended, however it
 * ended, becomes part of the books (`tape.ts`).
 */
import { readdirSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { SECOND } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import type { PollId } from "../model/ids.ts";
import { type Acceptance, raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { countFilePattern } from "./accepted-count-file.ts";

const handInRetry = { firstMs: SECOND, maxMs: 60 * SECOND };

export interface RecoverCountsDeps {
  readonly store: Store;
  readonly log: Log;
  readonly directory: string;
  readonly home: number;
  /** Of the life that is running: its tape stays. */
  readonly producer: Buffer;
}

/** Hands in what is there, when MySQL can be reached; resolves early when `signal` is aborted. Never rejects. */
export async function recoverCounts(deps: RecoverCountsDeps, signal: AbortSignal): Promise<void> {
  for (const name of oldTapes(deps)) {
    if (signal.aborted) return;
    try {
      const retryable = (error: unknown) => isStoreFailure(error);
      await retry(() => handIn(deps, name), { ...handInRetry, retryable, signal });
    } catch (error) {
      if (isStoreFailure(error)) return;
      deps.log.error({ event: "tape_not_handed_in", tape: name, ...describeError(error) });
    }
  }
}

function oldTapes({ directory, home, producer }: RecoverCountsDeps): string[] {
  return readdirSync(directory).filter(name => {
    const [, of, pid, hex] = countFilePattern.exec(name) ?? [];
    if (Number(of) !== home || hex === producer.toString("hex")) return false;
    return Number(pid) === process.pid || !isAlive(Number(pid));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function handIn({ store, log, directory }: RecoverCountsDeps, name: string): Promise<void> {
  const path = join(directory, name);
  const entries = parseCounts(readFileSync(path, "utf8"), countFilePattern.exec(name)?.[3] ?? "");
  await store.transaction(db => raiseAccepted(db, entries));
  unlinkSync(path);
  log.info({ event: "tape_handed_in", tape: name, polls: entries.length });
}

/** The newest count of each poll; a last line that was cut short is left out. */
export function parseCounts(text: string, producerHex: string): Acceptance[] {
  const producer = Buffer.from(producerHex, "hex");
  const counts = new Map<PollId, number>();
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [, poll, count] = /^(\d{1,10}) (\d{1,15})$/.exec(line) ?? [];
    if (poll && count) counts.set(Number(poll) as PollId, Number(count));
  }
  return [...counts].map(([pollId, ballots]) => ({ pollId, producer, ballots }));
}
