/** Promise 6: SIGTERM drains: what was accepted is answered, rounds under way finish, then it ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { createConnection } from "mysql2/promise";
import { Child } from "#scripts/services/child.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { timed } from "#test/support/stalls.ts";

/** One connection with a request always begun: to the server it is never idle. */
async function askOnAndOn(port: number): Promise<{ socket: Socket; answers: number }> {
  const request = "GET /api/polls HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const [begin, rest] = [request.slice(0, 20), request.slice(20)];
  const socket = connect({ port, host: "127.0.0.1" });
  const client = { socket, answers: 0 };
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(request + begin);
  socket.on("data", bytes => {
    const answers = bytes.toString("latin1").split("HTTP/1.1 ").length - 1;
    client.answers += answers;
    if (answers > 0) socket.write(rest + begin);
  });
  return client;
}

describe("shutdown", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2 });
  });
  after(() => site?.stop());

  it("a front that is stopped under load loses nothing and exits with status 0", async () => {
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

  it("a front that is stopped does not wait for a client that keeps sending requests", async () => {
    const front = site.fronts[1];
    assert.ok(front);
    const client = await askOnAndOn(front.port);
    await waitUntil("answers", () => client.answers > 20);
    front.child.signal("SIGTERM");
    assert.equal(await front.child.exit(), 0);
    client.socket.destroy();
    await site.restartFront(front);
  });

  it("a worker that is stopped finishes its transaction and exits within 5 s with status 0", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const ledger = new Ledger(site, await createPoll(site), 4_000);
    await ledger.run(40, async () => {
      await ledger.reached(0.5);
      worker.child.signal("SIGTERM");
      const { result: status, tookMs } = await timed(() => worker.child.exit());
      assert.equal(status, 0);
      assert.ok(tookMs < 5_000, `${tookMs} ms`);
      await site.restartWorker(worker);
    });
    await ledger.assertBooks();
  });

  it("a worker that is stopped does not wait for a silent MySQL, as daemon or one-shot", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const slug = await createPoll(site);
    await worker.child.stop();
    const other = await createConnection({ uri: site.database.adminUrl });
    await other.query("LOCK TABLES floodgate.ballots WRITE, floodgate.polls WRITE");
    try {
      const starts = {
        daemon: async () => {
          await site.restartWorker(worker);
          return worker.child;
        },
        "one-shot": async () =>
          new Child("flush", process.execPath, ["dist/cli.mjs", "flush"], {
            env: { ...process.env, ...site.env },
          }),
      };
      for (const [program, start] of Object.entries(starts)) {
        assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
        const child = await start();
        const blocked = async () =>
          (await site.query("SHOW FULL PROCESSLIST")).some(
            ({ State, Info }) => /metadata lock/i.test(`${State}`) && /floodgate:/.test(`${Info}`),
          );
        await waitUntil("a statement that waits", blocked);
        child.signal("SIGTERM");
        const { tookMs } = await timed(() => child.exit());
        // A statement may take 30 s; the bound is 5 s, and the rest is for a busy machine.
        assert.ok(tookMs < 15_000, `${program}: ${tookMs} ms`);
      }
    } finally {
      await other.end();
      await site.restartWorker(worker);
    }
    await site.drained();
  });
});
