/** A private memcached on loopback, with the options that the vote queue needs. */
import { Child } from "./child.ts";
import { freePort, portAnswers, waitUntil } from "./ports.ts";
import { findProgram } from "./programs.ts";

/**
 * `-M`: a full server answers with an error instead of dropping slots in silence. `-F`: it refuses
 * `flush_all`. `idle_timeout`: a front that was stopped for a minute loses its connection, so it cannot write a
 * slot whose number was given up long ago. `slab_automove_window`: memory moves to
 * where it is needed within seconds. `-U 0`: no UDP.
 */
export const queueOptions: readonly string[] = [
  "-M",
  "-F",
  "-U",
  "0",
  "-c",
  "1024",
  "-t",
  "2",
  "-o",
  "idle_timeout=60,slab_automove_window=3",
];

export interface MemcachedOptions {
  readonly port?: number;
  readonly memoryMb?: number;
  /** Instead of `queueOptions`. */
  readonly options?: readonly string[];
  readonly logFile?: string;
}

export interface MemcachedServer {
  readonly child: Child;
  readonly port: number;
  /** `127.0.0.1:port`, as `MEMCACHED_SERVERS` wants it. */
  readonly address: string;
}

/**
 * Starts one and resolves when it answers.
 *
 * @throws Error with its output when it does not.
 */
export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const port = options.port ?? (await freePort());
  const program = findProgram("memcached");
  if (!program) throw new Error("memcached is not installed: run npm run up or npm test once");
  const arguments_ = ["-l", "127.0.0.1", "-p", String(port), "-m", String(options.memoryMb ?? 64)];
  if (process.getuid?.() === 0) arguments_.push("-u", "root");
  arguments_.push(...(options.options ?? queueOptions));
  const child = new Child("memcached", program, arguments_, { logFile: options.logFile });
  await waitUntil("memcached", () => portAnswers(port), {
    withinMs: 10_000,
    gaveUp: () => child.diedBecause,
  });
  return { child, port, address: `127.0.0.1:${port}` };
}
