/**
 * The file of the accepted count: lines of `{poll's number} {ballots accepted so far} {poll key}`, the last line of a
 * poll being the newest. There is no poll key where the number stands for it, as in release 0.2.0. Read by
 * `recover-counts.ts`.
 *
 * **On failure:** a full or broken disk does not affect votes. It is logged once; the file keeps its older, valid
 * counts until all of them can be written again. That is tried once a second, not with each ballot.
 */
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { ConfigError } from "../config/config.ts";
import type { PollKey } from "../model/ids.ts";
import { keyOfId } from "../model/poll-key.ts";
import type { Acceptance } from "../store/acceptances.ts";

/** At this size the file is written anew. */
const bytesMax = 1024 * 1024;
const retryMs = SECOND;

/** `accepted-{home}-{process id}-{producer}.log`. */
export const countFilePattern = /^accepted-(\d+)-(\d+)-([0-9a-f]{16})\.log$/;

/**
 * Makes the directory of these files.
 *
 * @throws ConfigError when it can't be made or written to.
 */
export function makeStateDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ConfigError([`FLOODGATE_STATE_DIR is not a folder to write to: ${reason}`]);
  }
}

export class AcceptedCountFile {
  readonly #path: string;
  readonly #accepted: ReadonlyMap<PollKey, Acceptance>;
  readonly #log: Log;
  /** Opened with the first ballot, so that a process without ballots leaves no file. */
  #file: number | undefined;
  #bytes = 0;
  /** While the file can't be written: when to try again; monotonic. */
  #retryAtMs: number | undefined;

  /** @param accepted - the counts; read at each write. */
  constructor(
    directory: string,
    home: number,
    producer: Buffer,
    accepted: ReadonlyMap<PollKey, Acceptance>,
    log: Log,
  ) {
    this.#path = join(directory, `accepted-${home}-${process.pid}-${producer.toString("hex")}.log`);
    this.#accepted = accepted;
    this.#log = log;
  }

  /** Writes the counts of `polls`. Never throws. */
  write(polls: Iterable<PollKey>): void {
    if (this.#retryAtMs !== undefined && monotonicMs() < this.#retryAtMs) return;
    try {
      if (this.#file === undefined || this.#bytes > bytesMax) this.#rewrite();
      else this.#append(this.#file, polls);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#retryAtMs === undefined) return;
    this.#retryAtMs = undefined;
    this.#log.info({ event: "accepted_count_written_again" });
  }

  /** After a failed write, tries again when it is time. Never throws. */
  catchUp(): void {
    if (this.#retryAtMs !== undefined) this.write([]);
  }

  /** Never throws. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      closeSync(file);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes every poll's count to a new file, and renames it over the old one. */
  #rewrite(): void {
    this.close();
    const next = `${this.#path}.next`;
    this.#file = openSync(next, "w", 0o600);
    this.#bytes = 0;
    this.#append(this.#file, this.#accepted.keys());
    renameSync(next, this.#path);
  }

  #append(file: number, polls: Iterable<PollKey>): void {
    const lines = [...polls].flatMap(poll => this.#accepted.get(poll) ?? []).map(lineOf);
    const bytes = Buffer.from(lines.join(""));
    // A disk that is nearly full takes a part of the bytes, and refuses the rest with an error.
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    this.#bytes += bytes.length;
  }

  #failed(error: unknown): void {
    const known = this.#retryAtMs !== undefined;
    this.#retryAtMs = monotonicMs() + retryMs;
    this.close();
    if (!known) this.#log.warn({ event: "accepted_count_not_written", ...describeError(error) });
  }
}

function lineOf({ pollId, pollKey, ballots }: Acceptance): string {
  const named = pollKey === undefined || pollKey === keyOfId(pollId) ? "" : ` ${pollKey}`;
  return `${pollId} ${ballots}${named}\n`;
}
