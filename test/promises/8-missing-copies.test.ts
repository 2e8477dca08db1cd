/**
 * Promise 8 while MySQL is away: a memcached server that comes back empty gets its copies again from the fronts, so that
 * the other server may be lost afterwards, together with the front.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { queueName } from "#lib/queue/queue-names.ts";
import { decodeBatch } from "#lib/queue/slot-codec.ts";
import { readQueues, readSlots } from "#lib/queue/slots.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, results, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

describe("missing copies", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ memcached: [{}, {}], env: { FLOODGATE_QUEUE_COPIES: "2" } });
  });
  after(() => site?.stop());

  /** The ids of the ballots that wait on one server. */
  async function ballotsOn(index: number): Promise<ReadonlySet<string>> {
    const client = testClient(site.memcached[index]?.port ?? 0);
    try {
      const ids = new Set<string>();
      const names = [0, 1, 2, 3].map(home => queueName("normal", home));
      for (const { queue, epoch, pointer } of await readQueues(client, names)) {
        const numbers = Array.from({ length: pointer }, (_, i) => i + 1);
        for (const bytes of (await readSlots(client, queue, epoch, numbers)).values()) {
          for (const { ballotId } of decodeBatch(bytes)?.ballots ?? []) ids.add(String(ballotId));
        }
      }
      return ids;
    } finally {
      client.close();
    }
  }

  it("with two copies a server that comes back empty gets its copies again while MySQL is away, and the other one may be lost with the front", async () => {
    const slug = await createPoll(site);
    await site.drained();
    await site.database.child.kill();
    let cast = 0;
    const castMany = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const body = { choices: ["1"], ballotId: randomUUID() };
        assert.equal((await vote(site.url, slug, body)).status, 202);
        cast += 1;
      }
    };
    await castMany(60);
    await site.memcached[1]?.child.kill();
    await castMany(60);
    await site.restartMemcached(1);
    await castMany(20);
    await waitUntil("server 1 has every ballot", async () => (await ballotsOn(1)).size === cast, {
      withinMs: 20_000,
    });
    const [front] = site.fronts;
    assert.ok(front);
    await Promise.all([front.child.kill(), site.memcached[0]?.child.kill()]);
    await site.restartDatabase();
    await site.restartMemcached(0);
    await site.restartFront(front);
    await site.drained();
    const [row] = await site.query<RowDataPacket>("SELECT COUNT(*) AS n FROM ballots");
    assert.equal(row?.n, cast, "none is lost, none is there twice");
    await waitUntil(
      "the results count each once",
      async () => (await results(site, slug)).ballots === cast,
      { withinMs: 20_000 },
    );
  });
});
