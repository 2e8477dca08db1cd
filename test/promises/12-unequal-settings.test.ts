/** Promise 12: machines that disagree are told so before they do harm. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Child } from "#scripts/services/child.ts";
import { startMemcached } from "#scripts/services/memcached.ts";
import { freePort, waitUntil } from "#scripts/services/ports.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { testDatabase } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

/** Starts a program that should refuse to; its exit status and its line. */
async function refusal(site: Site, program: "front" | "worker", env: Record<string, string>) {
  const port = String(await freePort());
  const child = new Child(program, process.execPath, [`dist/${program}.mjs`], {
    env: {
      ...process.env,
      ...site.env,
      PORT: port,
      FLOODGATE_WORKER_PORT: port,
      ...env,
      NODE_ENV: "production",
    },
  });
  const status = await child.exit();
  return { status, output: child.output };
}

describe("a process with other settings than those that run", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  for (const [name, program, value] of [
    ["FLOODGATE_SECRET", "front", "another secret that is only good for tests, 32 bytes"],
    ["FLOODGATE_QUEUE_COPIES", "front", "2"],
    ["FLOODGATE_SECRET", "worker", "another secret that is only good for tests, 32 bytes"],
    ["FLOODGATE_QUEUE_COPIES", "worker", "2"],
  ] as const) {
    it(`a ${program} with another ${name} does not serve, and its one line says which setting differs from whose`, async () => {
      const { status, output } = await refusal(site, program, { [name]: value });
      assert.equal(status, 78, output);
      assert.match(output, new RegExp(`^${program}: wrong settings: ${name} is .* the `, "m"));
      assert.match(output, /\(process \d+\), which has been running for longer/);
      site.assertUnharmed();
    });
  }

  it("a process with the database of another site does not serve or flush, although that one has a fleet record of its own", async () => {
    const other = await testDatabase({}, "empty");
    const env = { DATABASE_URL: other.url };
    await site.run("migrate", [], env);
    const slug = await createPoll(site);
    const sentence = /wrong settings: DATABASE_URL leads to another database here than in the /;
    for (const program of ["front", "worker"] as const) {
      const { status, output } = await refusal(site, program, env);
      assert.equal(status, 78, output);
      assert.match(output, sentence);
    }
    await assert.rejects(site.run("flush", [], env), sentence);
    assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
    await site.drained();
    site.assertUnharmed();
  });

  it("a one-shot flush with another FLOODGATE_QUEUE_COPIES does not flush", async () => {
    const flushing = site.run("flush", [], { FLOODGATE_QUEUE_COPIES: "2" });
    await assert.rejects(flushing, /wrong settings: FLOODGATE_QUEUE_COPIES is 2 here and 1 in the/);
  });

  it("a process whose settings differ starts once those before it have ended", async () => {
    const [front] = site.fronts;
    const [worker] = site.workers;
    assert.ok(front && worker);
    await Promise.all([front.child.kill(), worker.child.kill()]);
    const env = { FLOODGATE_SECRET: "another secret that is only good for tests, 32 bytes" };
    await site.restartFront(front, env);
    await site.restartWorker(worker, env);
    site.assertUnharmed();
    await Promise.all([front.child.kill(), worker.child.kill()]);
    await site.restartFront(front);
    await site.restartWorker(worker);
  });

  it("a front that starts while MySQL is away does not serve when its settings differ from what memcached says", async () => {
    await site.database.child.kill();
    const env = { FLOODGATE_SECRET: "another secret that is only good for tests, 32 bytes" };
    const { status, output } = await refusal(site, "front", env);
    assert.equal(status, 78, output);
    assert.match(
      output,
      /^front: wrong settings: FLOODGATE_SECRET is not the same here and in the /m,
    );
    await site.restartDatabase();
    site.assertUnharmed();
  });

  it("a front whose list of servers differs serves with the agreed one, and says so", async () => {
    const slug = await createPoll(site);
    const odd = await site.addFront({ MEMCACHED_SERVERS: "127.0.0.1:1" });
    assert.match(odd.child.output, /"event":"servers_differ"/);
    const body = { choices: ["1"], ballotId: randomUUID() };
    const first = await vote(odd.url, slug, body);
    assert.equal(first.status, 202);
    const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
    const second = { choices: ["2"], ballotId: randomUUID() };
    assert.equal((await vote(site.url, slug, second, { Cookie: cookie })).status, 409);
    await site.drained();
    assert.match(await site.run("recount"), /everything agrees/);
    await odd.child.stop();
    site.fronts.pop();
  });

  it("a worker that lacks the queue servers of the others flushes the agreed ones", async () => {
    const worker = await site.addWorker({ FLOODGATE_QUEUE_SERVERS: "127.0.0.1:1" });
    const [first] = site.workers;
    await first?.child.stop();
    const slug = await createPoll(site);
    const body = { choices: ["1"], ballotId: randomUUID() };
    assert.equal((await vote(site.url, slug, body)).status, 202);
    await waitUntil("the vote in MySQL", async () => {
      const [row] = await site.query(
        "SELECT COUNT(*) AS n FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id WHERE slug = ?",
        [slug],
      );
      return Number(row?.n) === 1;
    });
    if (first) await site.restartWorker(first);
    await worker.child.stop();
    site.workers.pop();
  });

  it("a front that started with other servers while MySQL was away takes the agreed ones when MySQL is back", async () => {
    const other = await startMemcached();
    await site.database.child.kill();
    const odd = await site.addFront({ MEMCACHED_SERVERS: other.address });
    await site.restartDatabase();
    await waitUntil("the agreed list", async () => /"servers_differ"/.test(odd.child.output));
    await odd.child.stop();
    site.fronts.pop();
    site.assertUnharmed();
    await other.child.kill();
  });
});

describe("a front at a home that the worker's settings do not have", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 0, env: { FLOODGATE_QUEUE_HOMES: "2" } });
  });
  after(() => site?.stop());

  it("the votes of a front at a home that the worker's settings do not have are stored all the same", async () => {
    const env = { FLOODGATE_QUEUE_HOMES: "6" };
    const front = await site.addFront({ ...env, FLOODGATE_QUEUE_FIRST_HOME: "5" });
    const slug = await createPoll(site);
    const votes = 20;
    for (let i = 0; i < votes; i++) {
      const answer = await vote(front.url, slug, { choices: ["1"], ballotId: randomUUID() });
      assert.equal(answer.status, 202);
    }
    await waitUntil(
      "the votes in MySQL",
      async () => {
        const [row] = await site.query("SELECT COUNT(*) AS n FROM floodgate.ballots");
        return Number(row?.n) === votes;
      },
      { withinMs: 30_000 },
    );
  });
});
