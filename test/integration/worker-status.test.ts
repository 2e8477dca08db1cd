/** The worker's pages on a site that is in trouble: memcached that evicts, MySQL that is stopped. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { slotKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Session } from "#lib/memcached/session.ts";
import type { Epoch, QueueName, SlotNumber } from "#lib/model/ids.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { plainRequest } from "#test/support/plain-http.ts";
import { Site } from "#test/support/site.ts";

interface Status {
  readonly sentence: string;
  readonly books: Readonly<Record<string, number>> | null;
  readonly lossEstimate: { readonly slots: number; readonly sentence: string };
}

/** More than it has room for. */
async function overfill(port: number): Promise<void> {
  const session = await Session.connect({ host: "127.0.0.1", port }, 1_000);
  for (let slot = 1; slot <= 200; slot++) {
    const p = new Pipeline();
    const key = slotKey("low.0" as QueueName, "overfilling" as Epoch, slot as SlotNumber);
    p.add(key, randomBytes(60_000), 0);
    await session.send(p, 5_000);
  }
  session.close("done");
}

describe("the worker's pages on a site in trouble", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ memcached: [{ options: ["-U", "0"], memoryMb: 4 }] });
  });
  after(() => site.stop());

  const ask = (path: string) => fetch(`${site.workers[0]?.url}${path}`);
  const status = async () => (await (await ask("/status.json")).json()) as Status;
  const said = (event: string) =>
    site.workers[0]?.child.output.split("\n").filter(line => line.includes(`"${event}"`)) ?? [];

  it("the status pages show the books, and the loss estimate while votes wait", async () => {
    const slug = await createPoll(site);
    await vote(site.url, slug, { choices: ["1"] });
    await waitUntil("the books", async () => (await status()).books?.counted === 1, {
      withinMs: 40_000,
    });
    assert.match(await (await ask("/")).text(), /<dt>Lost<\/dt><dd>.*\+.*0<\/dd>/);
    assert.equal((await status()).lossEstimate.slots, 0);
    await site.database.child.pause();
    try {
      await vote(site.url, slug, { choices: ["2"] });
      await waitUntil("it to be seen", async () => (await status()).lossEstimate.slots === 1);
      assert.match((await status()).lossEstimate.sentence, /about 1 slot .*could be lost now/);
    } finally {
      site.database.child.signal("SIGCONT");
    }
  });

  it("/healthz answers 503 while no pass finishes", async () => {
    const health = async () => (await ask("/healthz")).status;
    assert.equal(await health(), 200);
    await site.database.child.pause();
    try {
      await waitUntil("staleness", async () => (await health()) === 503, { withinMs: 60_000 });
    } finally {
      site.database.child.signal("SIGCONT");
    }
    await waitUntil("health", async () => (await health()) === 200, { withinMs: 60_000 });
  });

  it("the status pages refuse foreign Host headers, and requests without the token", async () => {
    const statusOf = async (port: number, path: string, headers: Record<string, string>) =>
      (await plainRequest(port, { path, headers })).status;
    const pages = ["/", "/status.json", "/metrics"];
    const token = "only-good-for-tests";
    const wide = await site.addWorker({
      FLOODGATE_WORKER_HOST: "0.0.0.0",
      FLOODGATE_WORKER_TOKEN: token,
    });
    const own = { Host: "127.0.0.1" };
    for (const path of pages) {
      const narrow = site.workers[0]?.port ?? 0;
      assert.equal(await statusOf(narrow, path, own), 200, path);
      assert.equal(await statusOf(narrow, path, { Host: "rebound.example" }), 403, path);
      assert.equal(await statusOf(wide.port, path, own), 401, path);
      const bearer = { Authorization: `Bearer ${token}` };
      assert.equal(await statusOf(wide.port, path, bearer), 200, path);
    }
    assert.equal(await statusOf(wide.port, "/healthz", {}), 200, "health is open");
    await wide.child.stop();
    site.workers.pop();
  });

  it("the worker warns about a memcached without -M, once in the log", async () => {
    await waitUntil("the alarm", () => said("memcached_without_m").length > 0);
    assert.match((await status()).sentence, /runs without -M/);
    assert.match(await (await ask("/metrics")).text(), /floodgate_memcached_may_evict\{.*\} 1/);
    assert.match(await (await ask("/")).text(), /evicts \(no -M\)/);
    assert.equal(said("memcached_without_m").length, 1);
  });

  it("the worker warns about evictions", async () => {
    await overfill(site.memcached[0]?.port ?? 0);
    await waitUntil("the sentence", async () =>
      /has evicted items/.test((await status()).sentence),
    );
    assert.match(await (await ask("/metrics")).text(), /floodgate_memcached_evictions\{.*\} [1-9]/);
    const [worker] = site.workers;
    assert.ok(worker);
    await worker.child.stop();
    await site.restartWorker(worker);
    await waitUntil("the log", () => said("memcached_evicts").length === 1);
  });
});
