/** Asks the Next process over its socket whether it answers, at no cost to it: `OPTIONS *` (RFC 9110, 9.3.7). */
import { type IncomingMessage, request } from "node:http";

/**
 * `unreachable`: nobody listens on the socket any more, and nobody will. `silent`: no answer in time, or a broken one.
 * `unknown`: this process could not ask, for lack of file descriptors or memory.
 */
export type Probe = "answers" | "unreachable" | "silent" | "unknown";

const unreachable = new Set(["ENOENT", "ECONNREFUSED", "ENOTDIR", "ENOTSOCK"]);
const ours = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]);

const method = "OPTIONS";
const path = "*";

/** True for a request that `probe` sends. */
export const isProbe = (asked: IncomingMessage): boolean =>
  asked.url === path && asked.method === method;

export function probe(socketPath: string, withinMs: number): Promise<Probe> {
  return new Promise(resolve => {
    const asking = request({ socketPath, method, path, agent: false }, answer => {
      answer.resume();
      answer.on("error", () => {});
      settle("answers");
    });
    const settle = (result: Probe) => {
      clearTimeout(timer);
      asking.destroy();
      resolve(result);
    };
    // When this process itself stood still, the answer is there and has to be read first.
    const timer = setTimeout(() => setImmediate(() => settle("silent")), withinMs);
    asking.on("error", ({ code = "" }: NodeJS.ErrnoException) =>
      settle(unreachable.has(code) ? "unreachable" : ours.has(code) ? "unknown" : "silent"),
    );
    asking.end();
  });
}
