/** Promise 7: the kickstart has the first ballot counted at once; a lost one costs the interval and no more. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { freePort, waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { type Process, Site } from "#test/support/site.ts";

interface Status {
  readonly passes: number;
  readonly kickstarts: number;
}

const status = async (worker: Process): Promise<Status> =>
  (await (await fetch(`${worker.url}/status.json`)).json()) as Status;

describe("a vote on a quiet site", () => {
  let site: Site;
  before(async () => {
    // Without a kickstart, the worker would find it after a minute.
    site = await Site.start({ fronts: 0, env: { FLOODGATE_FLUSH_INTERVAL_MS: "60000" } });
  });
  after(() => site?.stop());

  const counted = (poll: string) =>
    waitUntil("the ballot in MySQL", async () => {
      const rows = await site.query(
        "SELECT 1 FROM ballots JOIN polls ON polls.id = poll_id WHERE slug = ?",
        [poll],
      );
      return rows.length === 1;
    });

  it("a vote on a quiet site is counted as soon as its kickstart arrives", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const front = await site.addFront();
    const poll = await createPoll(site);
    const before = await status(worker);
    await new Ledger(site, poll, 1, front).run(1);
    await counted(poll);
    // The ballot can be seen before the pass that brought it is over.
    await waitUntil("a pass that began with a kickstart", async () => {
      return (await status(worker)).kickstarts > before.kickstarts;
    });
  });

  it("a vote on a quiet site is counted within the interval when its kickstart is lost", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    worker.child.signal("SIGTERM");
    await worker.child.exit();
    await site.restartWorker(worker, { FLOODGATE_FLUSH_INTERVAL_MS: "500" });
    const nobody = `127.0.0.1:${await freePort()}`;
    const deaf = await site.addFront({ FLOODGATE_KICKSTART_TO: nobody });
    const poll = await createPoll(site);
    await new Ledger(site, poll, 1, deaf).run(1);
    await counted(poll);
    assert.equal((await status(worker)).kickstarts, 0);
  });
});
