/** The fake answers what the real memcached answers, to the same sequences of operations. */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import fc from "fast-check";
import { MemcachedClient } from "#lib/memcached/client.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { type Op, Pipeline, type Replies } from "#lib/memcached/pipeline.ts";
import { testMemcached } from "#test/support/services.ts";
import { FakeMemcached } from "./fake-memcached.ts";

const server = await testMemcached();
const client = new MemcachedClient({ host: "127.0.0.1", port: server.port });
after(() => client.close());

const key = fc.constantFrom("a", "b");
const text = fc.constantFrom("7", "10", "999");
const operation = fc.oneof(
  fc.record({ kind: fc.constantFrom("get", "delete", "touch"), key }),
  fc.record({ kind: fc.constantFrom("add", "overwrite", "replace"), key, text }),
  fc.record({ kind: fc.constantFrom("incr", "decr", "create"), key, by: fc.nat(1_000) }),
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function ask(p: Pipeline, asked: Operation, prefix: string): Op<unknown> {
  const name = `${prefix}${asked.key}` as Key;
  if ("text" in asked) {
    if (asked.kind === "add") return p.add(name, asked.text, 0);
    if (asked.kind === "overwrite") return p.overwrite(name, asked.text, 0);
    return p.replace(name, asked.text, 0);
  }
  if ("by" in asked) {
    if (asked.kind === "decr") return p.decr(name, asked.by);
    const create = { initial: 5, ttlSeconds: 60 };
    return asked.kind === "incr" ? p.incr(name, asked.by) : p.incr(name, asked.by, create);
  }
  if (asked.kind === "touch") return p.touch(name, 60);
  return asked.kind === "get" ? p.get(name) : p.delete(name);
}

/**
 * Memcached pads a number that got shorter with blanks, in place, unless an answer with the number is
 * still on its way: then it makes a new one without blanks. So blanks are not part of what is compared.
 */
function withoutPadding(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1").trimEnd();
  return value;
}

let runs = 0;

it("the fake memcached gives the answers of a real memcached, pipeline by pipeline", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { maxLength: 8 }), { maxLength: 6 }),
      async all => {
        const fake = new FakeMemcached(() => Date.now());
        const prefix = `fake:${++runs}:`;
        for (const operations of all) {
          const p = new Pipeline();
          const ops = operations.map(asked => ask(p, asked, prefix));
          const decoded = (replies: Replies) => ops.map(op => withoutPadding(replies.of(op)));
          assert.deepEqual(
            decoded(fake.execute(p.encode(100), 100)),
            decoded(await client.send(p)),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
