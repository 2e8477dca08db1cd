/** The keys of a memcached server, while items are in use, and of a server that can't walk through its hash table. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, describe, it } from "node:test";
import { range } from "#lib/base/lists.ts";
import { dumpKeys } from "#lib/memcached/key-dump.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

async function keysOf(address: { host: string; port: number }): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of dumpKeys({ address }, "p:", "table")) keys.push(key);
  return keys;
}

describe("dumpKeys", () => {
  it("a walk through the hash table leaves out no item that is read at that moment", async () => {
    const client = testClient((await testMemcached()).port);
    after(() => client.close());
    const stored = new Pipeline();
    stored.add("p:read" as Key, "", 0);
    await client.send(stored);
    let isDone = false;
    const readers = range(1, 20).map(async () => {
      while (!isDone) {
        const pipeline = new Pipeline();
        pipeline.get("p:read" as Key);
        await client.read(pipeline);
      }
    });
    const found: string[][] = [];
    while (found.length < 20) found.push(await keysOf(client.address));
    isDone = true;
    await Promise.all(readers);
    assert.deepEqual(found, Array(20).fill(["p:read"]));
  });

  it("a server that refuses the walk through its hash table walks by slab classes", async () => {
    const server = createServer(socket => {
      socket.on("data", command => {
        const isOld = command.toString() === "lru_crawler metadump all\r\n";
        const lines = "key=p%3Aold exp=-1 la=1 cas=1 fetch=no cls=1 size=1\r\nEND\r\n";
        socket.write(isOld ? lines : "BADCLASS invalid class id\r\n");
      });
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    after(() => server.close());
    const { port } = server.address() as { port: number };
    assert.deepEqual(await keysOf({ host: "127.0.0.1", port }), ["p:old"]);
  });
});
