/**
 * A process that runs out of file descriptors, memory or threads refuses what it can't serve, goes on with the rest, or
 * ends.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import type { Readiness } from "#lib/web/readiness.ts";
import { Child } from "#scripts/services/child.ts";
import { freePort, waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, vote } from "#test/support/ledger.ts";
import { deadOutputs } from "#test/support/outputs.ts";
import { pagesAnswer } from "#test/support/readiness.ts";
import { Site } from "#test/support/site.ts";

/** Sets the limit of a process that runs. */
function limit(pid: number, files: number): void {
  const set = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${files}:${files}`]);
  assert.equal(set.status, 0, String(set.stderr));
}

/** The first child of a process that runs this program. */
function childOf({ pid }: Child, program: string): number {
  const found = spawnSync("pgrep", ["-P", String(pid), "-f", program], { encoding: "utf8" });
  const [child] = found.stdout.trim().split("\n").map(Number);
  assert.ok(child, `${pid} has no child ${program}`);
  return child;
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
    // All lower numbers are in use for as long as a process runs.
    limit(childOf(front.child, "pages.mjs"), 8);
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

describe("a process without memory or threads", () => {
  /** A signal that makes any of our processes use all the memory it may have. */
  const hog =
    'process.on("SIGUSR2", () => { const all = []; for (;;) all.push(new Array(1e4).fill({})); });';
  const options = `--max-old-space-size=256 --import data:text/javascript,${encodeURIComponent(hog)}`;
  let site: Site;
  before(async () => {
    site = await Site.start({ env: { NODE_OPTIONS: options, FLOODGATE_FRONT_PROCESSES: "2" } });
  });
  after(() => site?.stop());

  it("a serving process without memory ends and is replaced, and the other one goes on", async () => {
    const [front] = site.fronts;
    assert.ok(front);
    const pid = childOf(front.child, "front.mjs");
    const ledger = new Ledger(site, await createPoll(site), 1_000);
    await ledger.run(20, async () => {
      await ledger.reached(0.2);
      process.kill(pid, "SIGUSR2");
      await logs(front, /"front_process_ended".*"SIGABRT"/);
    });
    await ledger.assertBooks();
  });

  it("a worker without memory ends although nobody reads its outputs", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const { file, close } = await (deadOutputs["a pipe that nobody reads"] ?? assert.fail)(
      site.directory,
    );
    await worker.child.stop();
    await site.restartWorker(worker, {}, ["ignore", file, file]);
    worker.child.signal("SIGUSR2");
    await waitUntil("its end", () => worker.child.ended !== undefined, { withinMs: 30_000 });
    assert.equal(worker.child.ended, "SIGABRT");
    close();
    await site.restartWorker(worker);
  });

  it("a front that may start no more processes takes votes, and starts its Next process when it may", async t => {
    const slug = await createPoll(site);
    const port = await freePort();
    // The limit does not hold for root.
    const user = ["--reuid=64917", "--clear-groups"];
    const child = new Child("front", "setpriv", [...user, process.execPath, "dist/front.mjs"], {
      env: {
        ...process.env,
        ...site.env,
        NODE_OPTIONS: "",
        NODE_ENV: "production",
        PORT: String(port),
        FLOODGATE_STATE_DIR: undefined,
        FLOODGATE_FRONT_PROCESSES: "1",
        FLOODGATE_QUEUE_FIRST_HOME: "3",
      },
    });
    const front = { child, port, url: `http://127.0.0.1:${port}` };
    try {
      if (process.getuid?.() !== 0) {
        t.skip("only root may start a process as another user");
        return;
      }
      await pagesAnswer(front);
      const mayStart = (processes: number) =>
        spawnSync("setpriv", [
          ...user,
          "prlimit",
          ...["--pid", String(child.pid), `--nproc=${processes}:`],
        ]).status;
      assert.equal(mayStart(1), 0);
      process.kill(childOf(child, "pages.mjs"), "SIGKILL");
      await logs(front, /"next_start_failed".*EAGAIN/);
      assert.equal((await vote(front.url, slug, { choices: ["1"] })).status, 202);
      assert.equal(mayStart(1000), 0);
      await pagesAnswer(front);
    } finally {
      await child.killGroup();
    }
  });

  function logs({ child }: { child: Child }, line: RegExp): Promise<void> {
    return waitUntil(`${line}`, () => line.test(child.output), {
      withinMs: 30_000,
      gaveUp: () => child.diedBecause,
    });
  }
});
