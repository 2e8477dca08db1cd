/**
 * Standard output and standard error that neither wait nor throw. A line for which there is no room (a full disk, a
 * pipe that nobody reads, a closed one) is dropped and counted, and the log says how many, once there is room again.
 *
 * Pipes, sockets and terminals are written to without blocking; what they have not taken yet is kept up to
 * `waitingMax`. Files are written to in Node's thread pool, one write at a time, because a slow disk makes a write wait.
 * A pipe must never be written to there: a thread that waits for its reader keeps the process from ending.
 *
 * Invariant: nothing here waits in the event loop, and a process that ends waits only for a write to a file.
 */
import { fstatSync, write } from "node:fs";
import { isatty } from "node:tty";
import { SECOND } from "./clock.ts";

/** Characters that may wait for one output: some minutes of a busy worker's log. */
const waitingMax = 256 * 1024;
const reportEveryMs = 5 * SECOND;

/** Takes text; `done` says whether all of it was written. */
interface Sink {
  write(text: string, done: (written: boolean) => void): void;
}

type Stream = NodeJS.WriteStream & {
  readonly _handle?: { setBlocking?(on: boolean): void } | null;
};

class StreamSink implements Sink {
  readonly #stream: Stream;
  /** The stream's own, which `redirectConsole` replaces. */
  readonly #write: Stream["write"];

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    // Without a listener, an error would end the process. Each write is told of its own.
    stream.on("error", () => {});
  }

  write(text: string, done: (written: boolean) => void): void {
    if (this.#stream.writableLength + text.length > waitingMax) {
      done(false);
      return;
    }
    // Other processes share a pipe, and one that starts or ends makes it blocking for all of them.
    this.#stream._handle?.setBlocking?.(false);
    this.#write(text, error => done(!error));
  }
}

interface Entry {
  readonly bytes: Buffer;
  readonly done: (written: boolean) => void;
}

class FileSink implements Sink {
  readonly #file: number;
  #entries: Entry[] = [];
  #waiting = 0;
  #writing = false;
  /** The last write ended within a line. */
  #cut = false;

  constructor(file: number) {
    this.#file = file;
    process.on("exit", () => this.#writeRest());
  }

  write(text: string, done: (written: boolean) => void): void {
    if (this.#waiting + text.length > waitingMax) {
      done(false);
      return;
    }
    this.#waiting += text.length;
    const entry = {
      bytes: Buffer.from(text),
      done: (written: boolean) => {
        this.#waiting -= text.length;
        done(written);
      },
    };
    this.#entries.push(entry);
    if (!this.#writing) this.#writeEntries();
  }

  #writeEntries(): void {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return;
    this.#writing = true;
    const bytes = this.#bytesOf(entries);
    const go = (from: number) => {
      write(this.#file, bytes, from, bytes.length - from, null, (error, count) => {
        const upTo = from + (error ? 0 : count);
        // A disk that is nearly full takes a part of the bytes, and refuses the rest with an error.
        if (!error && count > 0 && upTo < bytes.length) go(upTo);
        else this.#wrote(entries, bytes, upTo);
      });
    };
    go(0);
  }

  /** Begins with the end of a line that was cut off. */
  #bytesOf(entries: readonly Entry[]): Buffer {
    const bytes = entries.map(entry => entry.bytes);
    return Buffer.concat(this.#cut ? [Buffer.from("\n"), ...bytes] : bytes);
  }

  #wrote(entries: readonly Entry[], bytes: Buffer, upTo: number): void {
    this.#writing = false;
    if (upTo > 0) this.#cut = bytes[upTo - 1] !== 0x0a;
    let end = bytes.length - entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    for (const entry of entries) {
      end += entry.bytes.length;
      entry.done(end <= upTo);
    }
    if (!this.#writing) this.#writeEntries();
  }

  /** The process ends, which it does once the thread pool has nothing left to do. */
  #writeRest(): void {
    if (this.#entries.length > 0) write(this.#file, this.#bytesOf(this.#entries), () => {});
  }
}

function sinkOf(file: number, stream: () => NodeJS.WriteStream): Sink {
  const stats = fstatSync(file);
  const streams = stats.isFIFO() || stats.isSocket() || isatty(file);
  return streams ? new StreamSink(stream()) : new FileSink(file);
}

/** Both outputs of this process. */
export class ProcessOutput {
  readonly #out = sinkOf(1, () => process.stdout);
  readonly #err = sinkOf(2, () => process.stderr);
  #linesDropped = 0;
  #unreported = 0;
  /** How many dropped lines the line that is being made reports. */
  #reporting = 0;
  #reportWaits = false;
  #report: (lines: number) => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  /** Lines that could not be written, since the process started. */
  get linesDropped(): number {
    return this.#linesDropped;
  }

  /** @param report - logs how many lines were dropped, at once; called when there may be room again. */
  reportTo(report: (lines: number) => void): void {
    this.#report = report;
  }

  /** Writes to standard output. Never throws or waits. */
  writeOut(text: string): void {
    const reports = this.#reporting;
    if (reports > 0) this.#reportWaits = true;
    this.#out.write(text, written => {
      if (reports > 0) this.#reportWaits = false;
      if (written) {
        this.#unreported -= reports;
        this.#tryReport();
      } else if (reports === 0) this.#dropped(text);
    });
  }

  /** Writes to standard error. Never throws or waits. */
  writeErr(text: string): void {
    this.#err.write(text, written => {
      if (!written) this.#dropped(text);
    });
  }

  #dropped(text: string): void {
    const lines = Math.max(1, text.split("\n").length - 1);
    this.#linesDropped += lines;
    this.#unreported += lines;
    this.#timer ??= setInterval(() => this.#tryReport(), reportEveryMs).unref();
  }

  #tryReport(): void {
    if (this.#unreported <= 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#reportWaits) return;
    this.#reporting = this.#unreported;
    try {
      this.#report(this.#unreported);
    } finally {
      this.#reporting = 0;
    }
  }
}

const KEY = Symbol.for("floodgate.output");

/** This process's outputs, built by the first call: both copies of `lib/` share them. */
export function processOutput(): ProcessOutput {
  const holder = globalThis as { [KEY]?: ProcessOutput };
  holder[KEY] ??= new ProcessOutput();
  return holder[KEY];
}

/**
 * Makes `process.stdout`, `process.stderr` and with them the console of a process write without waiting, in all
 * modules. For processes that keep running; a command's results must not be dropped (`program/written-results.ts`).
 */
export function redirectConsole(): void {
  const output = processOutput();
  replaceWrite(process.stdout, text => output.writeOut(text));
  replaceWrite(process.stderr, text => output.writeErr(text));
}

function replaceWrite(stream: NodeJS.WriteStream, write: (text: string) => void): void {
  type Done = (error?: Error | null) => void;
  stream.write = (chunk: Uint8Array | string, encoding?: BufferEncoding | Done, done?: Done) => {
    write(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const called = typeof encoding === "function" ? encoding : done;
    if (called) process.nextTick(called);
    return true;
  };
}
