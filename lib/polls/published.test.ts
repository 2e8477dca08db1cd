import assert from "node:assert/strict";
import { it } from "node:test";
import { createLog } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { Placement } from "../memcached/placement.ts";
import type { Store } from "../store/database.ts";
import { PublishedPolls } from "./published.ts";

/** Published polls on a server whose list is `text()`. Counts reads. */
function publishedWith(text: () => string) {
  const reads = { count: 0 };
  const read = async () => {
    reads.count += 1;
    await new Promise(setImmediate);
    const list = Buffer.from(text());
    return { of: () => list };
  };
  const server = { name: "m:1", available: true, read } as unknown as MemcachedClient;
  const log = createLog("test", "silent");
  return { reads, published: new PublishedPolls(new Placement([server], 1), {} as Store, log) };
}

it("concurrent callers of the list of polls share one memcached read", async () => {
  const { reads, published } = publishedWith(() => '[{"slug":"birds"}]');
  const lists = await Promise.all([published.listed(0), published.listed(0), published.listed(0)]);
  assert.deepEqual(
    lists.map(list => list.map(({ slug }) => slug)),
    [["birds"], ["birds"], ["birds"]],
  );
  await published.listed(0);
  assert.equal(reads.count, 1);
});

it("a failed read of the list fails its callers, and the next caller reads again", async () => {
  let away = true;
  const { reads, published } = publishedWith(() => {
    if (away) throw new MemcachedFailure("not_sent", "away");
    return "[]";
  });
  const results = await Promise.allSettled([published.listed(0), published.listed(0)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  away = false;
  assert.deepEqual(await published.listed(0), []);
  assert.equal(reads.count, 2);
});
