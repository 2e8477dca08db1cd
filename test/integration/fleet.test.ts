/** Serving processes on one port, and the Next process beside them: crashes and restarts. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { type Process, Site } from "#test/support/site.ts";

/** The children of a process, by what they run. */
function childrenOf(pid: number): { pid: number; program: string }[] {
  const pids = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return pids
    .split("\n")
    .filter(line => line.trim())
    .flatMap(line => {
      const child = Number(line);
      try {
        const command = readFileSync(`/proc/${child}/cmdline`, "utf8");
        const program = /(\w+)\.mjs/.exec(command)?.[1];
        return program ? [{ pid: child, program }] : [];
      } catch {
        return [];
      }
    });
}

describe("a front of several processes", () => {
  let site: Site;
  let front: Process;
  before(async () => {
    site = await Site.start({ env: { FLOODGATE_FRONT_PROCESSES: "2" } });
    const [first] = site.fronts;
    assert.ok(first);
    front = first;
  });
  after(() => site?.stop());

  const pidsOf = (program: "front" | "pages") =>
    childrenOf(front.child.pid)
      .filter(child => child.program === program)
      .map(({ pid }) => pid);
  const studio = () => fetch(`${site.url}/studio/sign-in`);

  it("a front of several processes replaces a serving process that is killed, and loses no ballot", async () => {
    const before = pidsOf("front");
    assert.equal(before.length, 2);
    const ledger = new Ledger(site, await createPoll(site), 3_000);
    await ledger.run(40, async () => {
      await ledger.reached(0.4);
      process.kill(before[0] ?? 0, "SIGKILL");
    });
    await waitUntil("two processes", () => pidsOf("front").length === 2);
    const now = pidsOf("front");
    assert.ok(now.includes(before[1] ?? 0), "the other serving process was not restarted");
    await ledger.assertBooks();
  });

  it("a front of several processes replaces its processes one by one on SIGHUP, and loses no ballot", async () => {
    const [fronts, pages] = [pidsOf("front"), pidsOf("pages")];
    const ledger = new Ledger(site, await createPoll(site), 3_000);
    const isNew = (pids: number[], old: number[], count: number) =>
      pids.length === count && pids.every(pid => !old.includes(pid));
    await ledger.run(40, async () => {
      await ledger.reached(0.2);
      front.child.signal("SIGHUP");
      await waitUntil("new processes", () => isNew(pidsOf("front"), fronts, 2));
    });
    await waitUntil("new pages", () => isNew(pidsOf("pages"), pages, 1));
    assert.equal((await studio()).status, 200);
    await ledger.assertBooks();
  });

  it("a front of several processes takes votes while the Next process is away, and restarts it", async () => {
    assert.equal((await studio()).status, 200);
    const slug = await createPoll(site);
    const [pages] = pidsOf("pages");
    process.kill(pages ?? 0, "SIGKILL");
    const ledger = new Ledger(site, slug, 500);
    await ledger.run(20);
    assert.equal(ledger.acknowledged, 500);
    await waitUntil("the pages", async () => (await studio()).status === 200);
    await ledger.assertBooks();
  });

  it("a front of several processes stops with status 0 and leaves no child process, also when it is killed", async () => {
    const pids = childrenOf(front.child.pid).map(({ pid }) => pid);
    assert.equal(pids.length, 3);
    front.child.signal("SIGTERM");
    assert.equal(await front.child.exit(), 0);
    await site.restartFront(front);
    const again = childrenOf(front.child.pid).map(({ pid }) => pid);
    const alive = (pid: number) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    assert.ok(!pids.some(alive));
    await front.child.kill();
    await waitUntil("the end of the orphaned children", () => !again.some(alive));
    await site.restartFront(front);
  });
});

describe("a front of one process", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ workers: 0 });
  });
  after(() => site?.stop());

  it("a front of one process goes on at SIGHUP, and logs what a reload needs", async () => {
    const [front] = site.fronts;
    assert.ok(front);
    const said = () => /"reload_refused".*FLOODGATE_FRONT_PROCESSES/.test(front.child.output);
    front.child.signal("SIGHUP");
    await waitUntil("its answer", said, { gaveUp: () => front.child.diedBecause });
    assert.equal((await fetch(`${front.url}/healthz`)).status, 200);
    site.assertUnharmed();
  });
});
