/**
 * The tape's file: lines of `{poll} {ballots accepted so far}`, the newest of a poll last; read by whoever hands
 * it in (`old-tapes.ts`).
 *
 * **On failure:** a disk that is full or broken refuses nobody's vote. It is said once; the file is left as it is, older
 * but true, and written anew with everything when that works again. Tried once a second, not with each ballot.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import type { PollId } from "../model/ids.ts";

/** The file is begun anew when it has grown to this. */
const bytesMax = 1024 * 1024;
const pauseMs = SECOND;

/** `tape-{home}-{process id}-{producer}.log`. */
export const countFilePattern = /^tape-(\d+)-(\d+)-([0-9a-f]{16})\.log$/;

export class AcceptedCountFile {
  readonly #path: string;
  readonly #accepted: ReadonlyMap<PollId, number>;
  readonly #log: Log;
  /** Opened with the first ballot: a process that takes none leaves nothing behind. */
  #file: number | undefined;
  #bytes = 0;
  /** Monotonic; while the file can't be written, when to try again. */
  #againAtMs: number | undefined;

  /** @param accepted - the newest counts, as they are whenever something is written. */
  constructor(
    directory: string,
    home: number,
    producer: Buffer,
    accepted: ReadonlyMap<PollId, number>,
    log: Log,
  ) {
    this.#path = join(directory, `tape-${home}-${process.pid}-${producer.toString("hex")}.log`);
    this.#accepted = accepted;
    this.#log = log;
  }

  /** Writes the counts of `polls`. Never throws. */
  write(polls: Iterable<PollId>): void {
    if (this.#againAtMs !== undefined && monotonicMs() < this.#againAtMs) return;
    try {
      if (this.#file === undefined || this.#bytes > bytesMax) this.#begin();
      else this.#append(this.#file, polls);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#againAtMs === undefined) return;
    this.#againAtMs = undefined;
    this.#log.info({ event: "tape_written_again" });
  }

  /** Writes what could not be written before, if it is time to try again. Never throws. */
  catchUp(): void {
    if (this.#againAtMs !== undefined) this.write([]);
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

  /** Every poll's newest count in a file that takes the place of the old one at once. */
  #begin(): void {
    this.close();
    const next = `${this.#path}.next`;
    this.#file = openSync(next, "w", 0o600);
    this.#bytes = 0;
    this.#append(this.#file, this.#accepted.keys());
    renameSync(next, this.#path);
  }

  #append(file: number, polls: Iterable<PollId>): void {
    const lines = [...polls].map(poll => `${poll} ${this.#accepted.get(poll)}\n`);
    const bytes = Buffer.from(lines.join(""));
    // A disk that is just getting full takes a part, and refuses the rest with an error.
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    this.#bytes += bytes.length;
  }

  #failed(error: unknown): void {
    const known = this.#againAtMs !== undefined;
    this.#againAtMs = monotonicMs() + pauseMs;
    this.close();
    if (!known) this.#log.warn({ event: "tape_not_written", ...describeError(error) });
  }
}
