/** A site without a worker daemon, after a restore: `floodgate flush` from cron publishes polls anew. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generationKey, publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { Slug } from "#lib/model/ids.ts";
import { announceRestore } from "#lib/store/restores.ts";
import { commandsOf } from "#test/support/floodgate-command.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const { client, store } = bench;
const floodgate = commandsOf(bench);

describe("floodgate flush after a restore", () => {
  it("floodgate flush ends only when every outdated copy in memcached is replaced", async () => {
    const slugs = Array.from({ length: 5_000 }, (_, index) => `gone-${index}` as Slug);
    const copies = new Pipeline();
    for (const slug of slugs) copies.overwrite(publishedKey(slug), "an outdated copy", 0);
    await client.send(copies);
    const generation = await store.transaction(announceRestore);
    const { status, stdout } = await floodgate(["flush"]).ended;
    assert.equal(status, 0, stdout.toString());
    const reading = new Pipeline();
    const ops = slugs.map(slug => reading.get(publishedKey(slug)));
    const noted = reading.get(generationKey);
    const found = await client.read(reading);
    const outdated = ops.filter(op => found.of(op)?.toString() === "an outdated copy");
    assert.equal(outdated.length, 0);
    assert.equal(found.of(noted)?.toString(), generation);
  });
});
