/** The duty that publishes polls anew, when it is asked again while it is at work. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { type Key, publishedKeyPrefix } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { restoreDuty } from "../../worker/restore-duty.ts";
import { SetbackRecord } from "../../worker/setback-record.ts";

const { client, store } = await startFlushBench();

describe("publish anew after a restore", () => {
  it("a copy that turns out to be outdated while polls are published anew is replaced by the next run", async () => {
    const copy = new Pipeline();
    copy.overwrite(`${publishedKeyPrefix}gone` as Key, "an outdated copy", 0);
    await client.send(copy);
    const setbacks = new SetbackRecord();
    const gates: (() => void)[] = [];
    const duty = restoreDuty({
      ...{ store, setbacks, clock: { nowMs: Date.now }, log: createLog("test", "silent") },
      placement: new Placement([client], 1),
      flusher: { generation: "g" },
      published: {
        replaceAll: () => new Promise<void>(resolve => gates.push(resolve)),
        publishList: async () => {},
      },
    } as unknown as Parameters<typeof restoreDuty>[0]);
    await duty();
    await waitUntil("the first run", () => gates.length === 1);
    setbacks.noteOutdatedCopies();
    await duty();
    gates[0]?.();
    const startsAgain = async () => {
      await duty();
      return gates.length === 2;
    };
    await waitUntil("the second run", startsAgain, { withinMs: 20_000 });
    assert.equal(gates.length, 2);
    gates[1]?.();
  });
});
