/** Votes do not need the Next process: while it starts, cannot be reached, or stands still. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Child } from "#scripts/services/child.ts";
import { freePort, waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, vote } from "#test/support/ledger.ts";
import { readiness } from "#test/support/readiness.ts";
import { type Process, Site } from "#test/support/site.ts";
import { expectWithin, timed } from "#test/support/stalls.ts";

/** Process id and socket of a front's Next process, if there is one. */
function nextOf(front: Pick<Process, "child">): { pid: number; socket: string } | undefined {
  const parent = String(front.child.pid);
  const { stdout } = spawnSync("pgrep", ["-P", parent, "-a"], { encoding: "utf8" });
  const [, pid, socket] = /^(\d+) .*\/pages\.mjs (\S+)$/m.exec(stdout) ?? [];
  return socket === undefined ? undefined : { pid: Number(pid), socket };
}

/** A front answers from its new process before the old one has ended. */
const isRunning = (pid: number) => existsSync(`/proc/${pid}`);
const isStopped = (pid: number) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

const browser = { headers: { Accept: "text/html" } };

describe("a front whose pages are away", () => {
  let site: Site;
  let front: Process;
  before(async () => {
    site = await Site.start({ workers: 1 });
    const [first] = site.fronts;
    assert.ok(first);
    front = first;
  });
  after(() => site?.stop());

  /** Lines of the log with this event, since `mark`. */
  const lines = (event: string, mark: number) =>
    front.child.output.slice(mark).split(`"event":"${event}"`).length - 1;

  async function pagesAre(state: "ok" | "away", withinMs: number): Promise<void> {
    const are = async () => (await readiness(front)).pages === state;
    await expectWithin(withinMs, `pages: ${state}`, are);
  }

  it("a front replaces a Next process whose socket is gone, and its directory with it, and loses no ballot", async () => {
    const slug = await createPoll(site);
    const old = nextOf(front);
    assert.ok(old);
    const mark = front.child.output.length;
    rmSync(dirname(old.socket), { recursive: true });
    const ledger = new Ledger(site, slug, 1_000);
    await ledger.run(10, () => pagesAre("away", 10_000));
    assert.equal((await fetch(`${site.url}/readyz`)).status, 200);
    await pagesAre("ok", 30_000);
    await waitUntil("the end of the old process", () => !isRunning(old.pid));
    assert.ok(nextOf(front));
    assert.equal((await fetch(`${site.url}/studio/sign-in`)).status, 200);
    assert.deepEqual([lines("pages_away", mark), lines("pages_ok", mark)], [1, 1]);
    assert.equal(ledger.acknowledged, 1_000);
    await ledger.assertBooks();
  });

  it("a front replaces a Next process that stands still, and meanwhile answers a browser with a page that tries again", async () => {
    const slug = await createPoll(site);
    const old = nextOf(front);
    assert.ok(old);
    const mark = front.child.output.length;
    process.kill(old.pid, "SIGSTOP");
    const waiting = timed(() => fetch(`${site.url}/studio`, browser));
    await pagesAre("away", 10_000);
    assert.equal((await waiting).result.status, 503);
    assert.ok((await waiting).tookMs < 5_000, `${(await waiting).tookMs} ms`);
    assert.equal((await readiness(front)).status, "degraded");
    const { result: page, tookMs } = await timed(() => fetch(`${site.url}/studio`, browser));
    assert.ok(tookMs < 3_000, `${tookMs} ms`);
    assert.equal(page.status, 503);
    assert.match(await page.text(), /http-equiv="refresh"/);
    const api = await fetch(`${site.url}/api/polls`);
    assert.equal(api.headers.get("Content-Type"), "application/problem+json");
    assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
    await pagesAre("ok", 40_000);
    assert.notEqual(nextOf(front)?.pid, old.pid);
    assert.deepEqual([lines("pages_away", mark), lines("pages_ok", mark)], [1, 1]);
  });

  it("a front keeps a Next process that stood still for a moment", async () => {
    const { pid } = nextOf(front) ?? assert.fail();
    process.kill(pid, "SIGSTOP");
    await pagesAre("away", 10_000);
    process.kill(pid, "SIGCONT");
    await pagesAre("ok", 5_000);
    assert.equal(nextOf(front)?.pid, pid);
  });

  for (const processes of ["1", "2"]) {
    it(`a front of ${processes} processes takes votes, and stops, while its Next process has not started`, async () => {
      const hold =
        'if (process.argv[1]?.endsWith("pages.mjs")) process.kill(process.pid, "SIGSTOP");';
      const slug = await createPoll(site);
      const port = await freePort();
      const child = new Child("front", process.execPath, ["dist/front.mjs"], {
        env: {
          ...process.env,
          ...site.env,
          NODE_ENV: "production",
          NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hold)}`,
          PORT: String(port),
          FLOODGATE_FRONT_PROCESSES: processes,
          FLOODGATE_QUEUE_FIRST_HOME: "3",
        },
      });
      const url = `http://127.0.0.1:${port}`;
      try {
        const taken = async () =>
          (await vote(url, slug, { choices: ["1"] }).catch(() => undefined))?.status === 202;
        await waitUntil("a vote", taken, { gaveUp: () => child.diedBecause });
        assert.equal((await readiness({ url })).pages, "away");
        await waitUntil("a Next process", () => nextOf({ child }) !== undefined);
        const held = nextOf({ child }) ?? assert.fail();
        await waitUntil("its stop", () => isStopped(held.pid));
        process.kill(held.pid, "SIGCONT");
        await waitUntil("the pages", async () => (await readiness({ url })).pages === "ok");
        assert.equal((await fetch(`${url}/studio/sign-in`)).status, 200);
        process.kill(held.pid, "SIGKILL");
        const next = () => nextOf({ child })?.pid ?? held.pid;
        await waitUntil("another one that is held", () => next() !== held.pid);
        const { pid } = nextOf({ child }) ?? assert.fail();
        child.signal("SIGTERM");
        assert.equal(await child.exit(), 0);
        assert.throws(() => process.kill(pid, 0), /ESRCH/);
      } finally {
        await child.killGroup();
      }
    });
  }

  it("a front whose port is taken says so in one line, before it starts a Next process", async () => {
    for (const processes of ["1", "2"]) {
      const env = { PORT: String(front.port), FLOODGATE_FRONT_PROCESSES: processes };
      const child = new Child("front", process.execPath, ["dist/front.mjs"], {
        env: { ...process.env, ...site.env, ...env },
      });
      const { tookMs } = await timed(() => child.exit());
      assert.equal(child.ended, 1);
      assert.match(child.output, /^front: listen EADDRINUSE: [^\n]+\n$/);
      assert.ok(tookMs < 5_000, `${tookMs} ms`);
    }
  });

  it("a front that is reloaded goes on with its Next process when a new one does not start", async () => {
    const flag = join(site.directory, "broken");
    const fail =
      'if (process.argv[1]?.endsWith("pages.mjs"))' +
      `(await import("node:fs")).existsSync(${JSON.stringify(flag)}) && process.exit(3);`;
    const reloaded = await site.addFront({
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fail)}`,
      FLOODGATE_FRONT_PROCESSES: "2",
      FLOODGATE_QUEUE_FIRST_HOME: "5",
    });
    const old = nextOf(reloaded);
    writeFileSync(flag, "");
    reloaded.child.signal("SIGHUP");
    const failed = () => /"next_start_failed".*ended \(3\)/.test(reloaded.child.output);
    await waitUntil("the failure", failed, { gaveUp: () => reloaded.child.diedBecause });
    assert.equal((await fetch(`${reloaded.url}/studio/sign-in`)).status, 200);
    assert.equal(nextOf(reloaded)?.pid, old?.pid);
    site.assertUnharmed();
  });
});
