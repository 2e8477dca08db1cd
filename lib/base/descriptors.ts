/**
 * Watches whether this process can still open files and connections. One that can't for ten seconds ends, so that its
 * supervisor starts a new one: it would never again reach a server whose connection breaks.
 */
import { readFile } from "node:fs/promises";
import { monotonicMs, SECOND } from "./clock.ts";
import { every } from "./every.ts";
import type { Log } from "./log.ts";

const watchEveryMs = SECOND / 2;
const starvedMsMax = 10 * SECOND;
const exhausted = new Set(["EMFILE", "ENFILE"]);

export class Descriptors {
  readonly #log: Log;
  #max = Number.POSITIVE_INFINITY;
  #starvedSinceMs: number | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** How many this process may have open; infinite where the system does not say. */
  get max(): number {
    return this.#max;
  }

  /** True while none is left. */
  get starved(): boolean {
    return this.#starvedSinceMs !== undefined;
  }

  /** Looks once. An operator may change the limit at any time. */
  async look(): Promise<void> {
    try {
      const limits = await readFile("/proc/self/limits", "utf8");
      this.#max = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
      this.#starvedSinceMs = undefined;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (exhausted.has(code)) this.#starvedSinceMs ??= monotonicMs();
    }
  }

  /** Looks again and again, for good. Ends the process when it has been starved for too long. */
  watch(afterLook: () => void = () => {}): Promise<void> {
    return every(
      watchEveryMs,
      async () => {
        await this.look();
        afterLook();
        const starvedMs = monotonicMs() - (this.#starvedSinceMs ?? monotonicMs());
        if (starvedMs <= starvedMsMax) return;
        this.#log.fatal({ event: "file_descriptors_exhausted", starvedMs, max: this.#max });
        process.exit(1);
      },
      new AbortController().signal,
    );
  }
}
