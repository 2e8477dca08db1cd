/** Promise 6: SIGTERM drains: what was accepted is answered, rounds under way finish, then it ends. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

describe("shutdown", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2 });
  });
  after(() => site?.stop());

  it("of a front under load loses nothing, and ends by itself with status 0", async () => {
    const ledger = new Ledger(site, await createPoll(site), 4_000, site.fronts[1]);
    const front = site.fronts[1];
    assert.ok(front);
    const statuses: (number | NodeJS.Signals)[] = [];
    await ledger.run(40, async () => {
      for (const share of [0.3, 0.6]) {
        await ledger.reached(share);
        front.child.signal("SIGTERM");
        statuses.push(await front.child.exit());
        await site.restartFront(front);
      }
    });
    assert.deepEqual(statuses, [0, 0]);
    await ledger.assertBooks();
  });

  it("of a worker finishes the transaction under way, within 5 s, with status 0", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const ledger = new Ledger(site, await createPoll(site), 4_000);
    await ledger.run(40, async () => {
      await ledger.reached(0.5);
      const started = Date.now();
      worker.child.signal("SIGTERM");
      assert.equal(await worker.child.exit(), 0);
      assert.ok(Date.now() - started < 5_000);
      await site.restartWorker(worker);
    });
    await ledger.assertBooks();
  });
});
