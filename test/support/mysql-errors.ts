/** MySQL's statements and errors on the wire, for a fault proxy that answers statements in the server's place. */
import type { FaultProxy, ForgedAnswer } from "./fault-proxy.ts";

/** An error as the answer to a statement. */
export function errorPacket(errno: number, message = "planted by a test"): Buffer {
  const body = Buffer.concat([
    Buffer.of(0xff, errno & 0xff, errno >> 8),
    Buffer.from(`#HY000${message}`, "ascii"),
  ]);
  // Length in three bytes, then the sequence number: the request had 0.
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = 1;
  return Buffer.concat([head, body]);
}

/** A statement's name: that of its comment, or its first words when it has none; `undefined`: not a statement. */
export function statementIn(request: Buffer): string | undefined {
  if (request.length < 5 || request[3] !== 0 || request[4] !== 3) return undefined;
  const text = request.toString("latin1", 5, 105);
  return /^\/\* floodgate:([\w.]+) \*\//.exec(text)?.[1] ?? text.split(" ").slice(0, 3).join(" ");
}

/** Answers a statement with an error; the server does not see it. */
export const failed = (errno: number): ForgedAnswer => ({ bytes: errorPacket(errno) });

/** Answers a statement with an error after the server has executed it. */
export const executed = (errno: number): ForgedAnswer => ({ ...failed(errno), executed: true });

/** Decides about each statement by its name. */
export function answerStatements(
  proxy: FaultProxy,
  answer: (statement: string) => ForgedAnswer | undefined,
): void {
  proxy.forgeAnswers(request => {
    const statement = statementIn(request);
    return statement === undefined ? undefined : answer(statement);
  });
}
