/**
 * The keys that a memcached server holds, by its crawler (`lru_crawler metadump`). The binary protocol has no such
 * command, so it is sent in the text protocol, over a connection of its own.
 *
 * **Cost:** the server walks through all its items in the background; the answer has about 100 bytes for each.
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { SECOND } from "../base/clock.ts";
import type { MemcachedClient } from "./client.ts";
import { MemcachedFailure } from "./failure.ts";
import type { Versioned } from "./pipeline.ts";

export interface DumpedKey extends Pick<Versioned, "version"> {
  readonly key: string;
  /** By the server's clock, in whole seconds. Reads within a minute may not count. */
  readonly lastAccessMs: number;
}

/**
 * How the server walks through its items. By slab `classes`, it leaves out an item that is in use at that moment.
 * Through its hash `table`, it leaves out none, but holds a lock while the reader makes it wait: read on at once.
 */
export type Walk = "classes" | "table";

const commandOf = { classes: "all", table: "hash" } as const;

/** The crawler may rest between two portions. */
const silenceMsMax = 10 * SECOND;

/**
 * The keys that begin with `prefix`, in no order. Keys that are written meanwhile may be among them or not. A server
 * before memcached 1.6.9 can't walk through its hash table, and walks by slab classes.
 *
 * @throws MemcachedFailure: the server can't be reached, or has no crawler, or is busy with another dump.
 */
export async function* dumpKeys(
  server: Pick<MemcachedClient, "address">,
  prefix: string,
  walk: Walk = "classes",
): AsyncGenerator<DumpedKey> {
  const socket = connect(server.address);
  socket.setTimeout(silenceMsMax, () => socket.destroy(new Error("no answer")));
  try {
    for await (const line of linesOf(socket, commandOf[walk])) {
      if (line === "END") return;
      if (walk === "table" && line.startsWith("BADCLASS")) return yield* dumpKeys(server, prefix);
      const item = parseLine(line);
      if (!item) throw new MemcachedFailure("rejected", `no dump of the keys: ${line}`);
      if (item.key.startsWith(prefix)) yield item;
    }
    throw new MemcachedFailure("unknown", "the dump of the keys ended early");
  } finally {
    socket.destroy();
  }
}

/** The lines of the answer. `readline` passes on neither a socket's error nor its end by one. */
async function* linesOf(socket: Socket, items: string): AsyncGenerator<string> {
  let cause: Error | undefined;
  socket.once("error", error => {
    cause = error;
  });
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
  socket.once("close", () => lines.close());
  socket.write(`lru_crawler metadump ${items}\r\n`);
  yield* lines;
  if (cause) throw new MemcachedFailure("unknown", "the keys could not be read", { cause });
}

function parseLine(line: string): DumpedKey | undefined {
  const [, key, lastAccess, cas] = /^key=(\S+) exp=\S+ la=(\d+) cas=(\d+) /.exec(line) ?? [];
  if (key === undefined || lastAccess === undefined || cas === undefined) return undefined;
  const version = Buffer.alloc(8);
  version.writeBigUInt64BE(BigInt(cas));
  return { key: decodeURIComponent(key), lastAccessMs: Number(lastAccess) * SECOND, version };
}
