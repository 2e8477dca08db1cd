/** A process that runs out of file descriptors refuses what it can't serve, goes on with the rest, or ends. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import type { Readiness } from "#lib/web/readiness.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { pagesAnswer } from "#test/support/readiness.ts";
import { Site } from "#test/support/site.ts";

/** Sets the limit of a process that runs. */
function limit(pid: number, files: number): void {
  const set = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${files}:${files}`]);
  assert.equal(set.status, 0, String(set.stderr));
}

/** Connections that have answered one request and stay open, or were refused. */
async function clients(port: number, count: number): Promise<{ served: Socket[] }> {
  const served: Socket[] = [];
  const each = Array.from({ length: count }, async () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("close", () => socket.emit("error", new Error("closed")));
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const answered = await once(socket, "data").then(
      () => true,
      () => false,
    );
    if (answered) served.push(socket);
  });
  await Promise.all(each);
  return { served };
}

describe("a process without file descriptors", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  for (const processes of ["1", "2"]) {
    it(`a front of ${processes} processes with more clients than files refuses new ones, says so, and serves the others`, async () => {
      const home = processes === "1" ? "2" : "4";
      const front = await site.addFront({
        FLOODGATE_FRONT_PROCESSES: processes,
        FLOODGATE_QUEUE_FIRST_HOME: home,
      });
      const children = spawnSync("pgrep", ["-P", String(front.child.pid), "-f", "front.mjs"]);
      const pids = `${children.stdout}`.trim().split("\n").filter(Boolean).map(Number);
      const serving = processes === "1" ? [front.child.pid] : pids;
      assert.equal(serving.length, Number(processes));
      for (const pid of serving) limit(pid, 100);
      // Half of the files are for clients.
      await sleep(1_500);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ready = () =>
        new Promise<Readiness>((resolve, reject) => {
          get({ agent, port: front.port, path: "/readyz" }, async answer => {
            let text = "";
            for await (const piece of answer) text += piece;
            resolve(JSON.parse(text));
          }).on("error", reject);
        });
      assert.equal((await ready()).connections, "ok");
      const slug = await createPoll(site);
      const ledger = new Ledger(site, slug, 500, front);
      const mark = front.child.output.length;
      await ledger.run(20, async () => {
        await ledger.reached(0.2);
        const { served } = await clients(front.port, 400);
        assert.ok(served.length > 0 && served.length <= 50 * serving.length, `${served.length}`);
        assert.equal((await ready()).connections, "full");
        assert.equal((await ready()).status, "degraded");
        for (const socket of served) socket.destroy();
      });
      assert.equal(ledger.acknowledged, 500);
      await waitUntil("room", async () => (await ready()).connections === "ok");
      agent.destroy();
      const lines = front.child.output.slice(mark);
      assert.equal(lines.split("connections_refused").length - 1, serving.length);
      assert.doesNotMatch(lines, /EMFILE/);
      await ledger.assertBooks();
    });
  }

  it("front and worker end with a line when they can open nothing for ten seconds; a Next process is replaced", async () => {
    const [front, worker] = [site.fronts[0], site.workers[0]];
    assert.ok(front && worker);
    const found = spawnSync("pgrep", ["-P", String(front.child.pid), "-f", "pages.mjs"]);
    // All lower numbers are in use for as long as a process runs.
    limit(Number(`${found.stdout}`.trim()), 8);
    limit(worker.child.pid, 8);
    const late = setTimeout(() => void worker.child.kill(), 30_000);
    assert.equal(await worker.child.exit(), 1);
    clearTimeout(late);
    assert.match(worker.child.output, /"level":"fatal".*"file_descriptors_exhausted"/);
    await waitUntil("the end of the Next process", () => /next_ended/.test(front.child.output));
    await pagesAnswer(front);
    limit(front.child.pid, 8);
    await waitUntil("the end of the front", () => front.child.ended !== undefined);
    assert.equal(front.child.ended, 1);
    assert.match(front.child.output, /"level":"fatal".*"file_descriptors_exhausted"/);
    await Promise.all([site.restartFront(front), site.restartWorker(worker)]);
  });
});
