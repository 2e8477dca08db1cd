/** The duty that publishes polls anew, when it is asked again while it is at work. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { type Key, publishedKeyPrefix } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Store } from "#lib/store/database.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { testMemcached } from "#test/support/services.ts";
import { BackgroundWork } from "../../worker/background-work.ts";
import { restoreDuty } from "../../worker/restore-duty.ts";
import { SetbackRecord } from "../../worker/setback-record.ts";

const { client, store } = await startFlushBench();
const other = await testMemcached();
const timeouts = { connectMs: 2_000, answerMs: 2_000 };
const away = new MemcachedClient({ host: "127.0.0.1", port: other.port }, timeouts);
after(() => away.close());

let generations = 0;

function newDuty(servers: readonly MemcachedClient[], from: Pick<Store, "rows"> = store) {
  const generation = `${++generations}`;
  const setbacks = new SetbackRecord();
  const duty = restoreDuty({
    ...{ store: from, setbacks, clock: { nowMs: Date.now }, log: createLog("test", "silent") },
    placement: new Placement(servers, servers.length),
    flusher: { generation },
    background: new BackgroundWork(),
  } as unknown as Parameters<typeof restoreDuty>[0]);
  return { setbacks, duty };
}

const gone = `${publishedKeyPrefix}gone` as Key;

async function writeOutdatedCopies(servers: readonly MemcachedClient[]) {
  for (const server of servers) {
    const pipeline = new Pipeline();
    pipeline.overwrite(gone, "an outdated copy", 0);
    await server.send(pipeline);
  }
}

async function copyOn(server: MemcachedClient): Promise<string | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(gone);
  return (await server.read(pipeline)).of(op)?.toString();
}

describe("publish anew after a restore", () => {
  it("a copy that turns out to be outdated while polls are published anew is replaced by the next run", async () => {
    await writeOutdatedCopies([client]);
    const gates: (() => void)[] = [];
    const rows = async (...call: Parameters<Store["rows"]>) => {
      if (call[0] === "polls.by_slugs") await new Promise<void>(resolve => gates.push(resolve));
      return store.rows(...call);
    };
    const { duty, setbacks } = newDuty([client], { rows } as Pick<Store, "rows">);
    await duty();
    await waitUntil("the first run", () => gates.length === 1);
    setbacks.noteOutdatedCopies();
    await duty();
    gates[0]?.();
    await waitUntil("the first run's second look", () => gates.length === 2);
    gates[1]?.();
    const startsAgain = async () => {
      await duty();
      return gates.length === 3;
    };
    await waitUntil("the second run", startsAgain, { withinMs: 20_000 });
    gates[2]?.();
  });

  it("copies that turn out to be outdated while their server is away are replaced when it is back", async () => {
    const servers = [away, client];
    const { duty, setbacks } = newDuty(servers);
    const areReplaced = async () => {
      await duty();
      return (await Promise.all(servers.map(copyOn))).every(copy => copy === "-");
    };
    await writeOutdatedCopies(servers);
    await waitUntil("the copies of this generation", areReplaced, { withinMs: 20_000 });
    await writeOutdatedCopies(servers);
    await other.child.pause();
    away.suspend();
    setbacks.noteOutdatedCopies();
    const isReplaced = async () => {
      await duty();
      return (await copyOn(client)) === "-";
    };
    await waitUntil("the copy on the server that is up", isReplaced, { withinMs: 20_000 });
    other.child.signal("SIGCONT");
    await waitUntil("the server", () => away.available);
    assert.equal(await copyOn(away), "an outdated copy");
    await waitUntil("the copy on the other server", areReplaced, { withinMs: 10_000 });
  });
});
