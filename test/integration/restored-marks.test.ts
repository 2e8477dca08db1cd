/** Marks that a server gets from MySQL, and the note on it that says how far that is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { marksRestoredKeys } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { readMark } from "#lib/voters/marks.ts";
import { restoreMarks } from "#lib/voters/restore-marks.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { client, store, newPoll, newFlusher, enqueue, producer } = await startFlushBench();
const placement = new Placement([client], 1);
const deps = { store, placement, clock: { nowMs: Date.now }, log: createLog("test", "silent") };

async function note(text: string): Promise<void> {
  const pipeline = new Pipeline();
  pipeline.overwrite(marksRestoredKeys[1], text, 0);
  await client.send(pipeline);
}

describe("restoreMarks", () => {
  it("restoreMarks begins anew where the note is about another list of servers", async () => {
    const poll = await newPoll();
    const stored = ballot(poll);
    await enqueue(producer(), batch([stored]));
    await newFlusher().pass();
    const mark = () => readMark(placement, keyOfId(poll), stored.voter);
    await note("done");
    assert.equal(await restoreMarks(deps), true);
    assert.equal(await mark(), undefined);
    await note("v3 done");
    while (!(await restoreMarks(deps)));
    assert.equal((await mark())?.ballotId, stored.ballotId);
  });
});
