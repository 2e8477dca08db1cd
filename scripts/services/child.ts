/**
 * A child process with its recent output, so that a failed start can say why, and an orderly end.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { LogFile } from "./log-file.ts";
import { waitUntil } from "./ports.ts";

const outputBytesMax = 64 * 1024;

export interface ChildOptions extends SpawnOptions {
  /** Everything that it prints is appended to this file. */
  readonly logFile?: string | undefined;
}

/** True as well when the process has ended, and where there is no `/proc`. */
function allThreadsStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  // The state follows the name, which is in parentheses and may contain some.
  const isStopped = (task: string) => / [TZX] /.test(afterName(`${tasks}/${task}/stat`));
  return readdirSync(tasks).every(isStopped);
}

/** A thread that ends meanwhile has no file any more. */
function afterName(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^.*\)/s, "").slice(0, 3);
  } catch {
    return " X ";
  }
}

export class Child {
  readonly name: string;
  readonly process: ChildProcess;
  #output = "";
  #exit: Promise<number | NodeJS.Signals>;
  #ended: number | NodeJS.Signals | undefined;

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
    this.name = name;
    // A process group of its own: the parent passes a terminal's Ctrl-C on.
    this.process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...options,
    });
    const logFile = options.logFile === undefined ? undefined : new LogFile(options.logFile);
    const keep = (bytes: Buffer) => {
      logFile?.append(bytes);
      this.#output = (this.#output + bytes.toString()).slice(-outputBytesMax);
    };
    this.process.stdout?.on("data", keep);
    this.process.stderr?.on("data", keep);
    this.#exit = new Promise(resolve => {
      this.process.once("error", error => {
        keep(Buffer.from(`${error.message}\n`));
        this.#ended = -1;
        resolve(-1);
      });
      this.process.once("exit", (code, signal) => {
        this.#ended = code ?? signal ?? -1;
        resolve(this.#ended);
      });
    });
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** The last 64 kB of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** Exit code or signal once it has ended. */
  get ended(): number | NodeJS.Signals | undefined {
    return this.#ended;
  }

  /** For `waitUntil`: a sentence once the process has ended. */
  get diedBecause(): string | undefined {
    if (this.#ended === undefined) return undefined;
    return `${this.name} ended (${this.#ended})\n${this.#output.slice(-2000)}`;
  }

  exit(): Promise<number | NodeJS.Signals> {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) this.process.kill(signal);
  }

  /**
   * Sends SIGSTOP. Resolves when every thread has stopped: until the signal gets its turn on a busy machine, a thread that
   * wakes up still answers.
   *
   * @throws Error when one has not stopped after five seconds.
   */
  async pause(): Promise<void> {
    this.signal("SIGSTOP");
    await waitUntil("a stopped process", () => allThreadsStopped(this.pid), {
      withinMs: 5 * SECOND,
    });
  }

  /** SIGTERM, then SIGKILL when it has not ended after `graceMs`. Resolves when it has ended. */
  async stop(graceMs = 10_000): Promise<void> {
    if (this.#ended !== undefined) return;
    this.process.kill("SIGCONT");
    this.process.kill("SIGTERM");
    const timer = new AbortController();
    await Promise.race([this.#exit, sleep(graceMs, timer.signal)]);
    timer.abort();
    if (this.#ended === undefined) this.process.kill("SIGKILL");
    await this.#exit;
  }

  /** Sends SIGKILL to the process and all that it has started. Resolves when the process is gone. */
  async killGroup(): Promise<void> {
    if (this.#ended === undefined && this.process.pid) process.kill(-this.process.pid, "SIGKILL");
    await this.#exit;
  }

  /** Sends SIGKILL, so that the process can't clean up. Resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#ended === undefined) this.process.kill("SIGKILL");
    await this.#exit;
  }
}
