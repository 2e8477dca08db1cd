/** Promise 12: memcached servers are added and removed by rolling restarts, while readers vote and look at results. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { startMemcached } from "#scripts/services/memcached.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll } from "#test/support/ledger.ts";
import { type Process, Site } from "#test/support/site.ts";
import { VoterStream } from "#test/support/voter-stream.ts";

const pollCount = 6;

describe("memcached servers are changed by rolling restarts while readers vote", () => {
  let site: Site;
  const slugs: string[] = [];
  const away = new Set<Process>();
  let stream: VoterStream;

  const fronts = () => site.fronts.filter(front => !away.has(front)).map(({ url }) => url);
  const step = async () => {
    const [row] = await site.query<never>(
      "SELECT CONCAT(version, ' ', step) AS step FROM floodgate.server_lists ORDER BY version DESC LIMIT 1",
    );
    return (row as unknown as { step: string } | undefined)?.step;
  };
  const reaches = (wanted: string) =>
    waitUntil(`step ${wanted}`, async () => (await step()) === wanted, { withinMs: 60_000 });

  /** Restarts every process with these servers, one after the other. */
  async function roll(servers: readonly string[]): Promise<void> {
    const env = { MEMCACHED_SERVERS: servers.join(",") };
    for (const front of site.fronts) {
      away.add(front);
      await front.child.stop();
      await site.restartFront(front, env);
      away.delete(front);
    }
    for (const worker of site.workers) {
      await worker.child.stop();
      await site.restartWorker(worker, env);
    }
    Object.assign(site.env, env);
  }

  before(async () => {
    site = await Site.start({ fronts: 2, memcached: [{}, {}] });
    for (let i = 0; i < pollCount; i++) slugs.push(await createPoll(site));
    stream = new VoterStream(slugs, fronts);
    stream.start();
  });
  after(async () => {
    await stream?.stop();
    await site?.stop();
  });

  it("a server is added: no result goes down and no second ballot is accepted", async () => {
    await sleep(1_000);
    assert.equal(await step(), "1 settled");
    site.memcached.push(await startMemcached());
    await roll(site.memcached.map(({ address }) => address));
    await reaches("2 settled");
    assert.deepEqual(stream.wrong, []);
  });

  it("a server is removed while a front stands still: the change waits for the front, and nothing is lost", async () => {
    const [first, ...others] = site.memcached;
    assert.ok(first);
    const [, second] = site.fronts;
    assert.ok(second);
    await roll(others.map(({ address }) => address));
    await reaches("3 joining");
    away.add(second);
    await second.child.pause();
    await sleep(4_000);
    const frozenAt = await step();
    assert.ok(frozenAt !== "3 settled", `${frozenAt}`);
    second.child.signal("SIGCONT");
    away.delete(second);
    await reaches("3 settled");
    await waitUntil("the closing of its queues", async () => {
      const open = await site.query(
        "SELECT epoch FROM floodgate.checkpoints WHERE closed_at IS NULL AND server = ?",
        [first.address],
      );
      return open.length === 0;
    });
    await first.child.kill();
    assert.deepEqual(stream.wrong, []);
  });

  it("a server that is dead is replaced: no result stays down and every vote is counted once", async () => {
    const [, dead, kept] = site.memcached;
    assert.ok(dead && kept);
    const fresh = await startMemcached();
    site.memcached.push(fresh);
    await dead.child.kill();
    await roll([kept.address, fresh.address]);
    await reaches("4 settled");
  });

  it("in the end, each acknowledged ballot is counted once, and tallies equal totals", async () => {
    await stream.stop();
    assert.ok(stream.secondsRefused > 50, `${stream.secondsRefused} second ballots`);
    await site.drained();
    const acknowledged = [...stream.acknowledged.values()].reduce((sum, each) => sum + each, 0);
    const [row] = await site.query("SELECT COUNT(*) AS n FROM floodgate.ballots");
    assert.equal(Number(row?.n), acknowledged);
    assert.match(await site.run("recount"), /everything agrees/);
    site.assertUnharmed();
  });
});
