/** Front, worker and commands go on, and end, whatever becomes of their standard output and standard error. */
import assert from "node:assert/strict";
import { type StdioOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, vote } from "#test/support/ledger.ts";
import { type DeadOutput, deadOutputs } from "#test/support/outputs.ts";
import { type Process, Site } from "#test/support/site.ts";
import { timed } from "#test/support/stalls.ts";

/** A signal that makes any of our processes meet a bug. */
const bug = 'process.on("SIGUSR2", () => { throw new Error("a planted bug"); });';
const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(bug)}` };

const onto = ({ file }: DeadOutput): StdioOptions => ["ignore", file, file];

/** Both end within a second or so; the rest is for a busy machine. */
const endMsMax = 10_000;

async function dropped(worker: Process): Promise<number> {
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(/^floodgate_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);
}

/** A connection that was being handed to a process that crashed gets no answer. */
async function isVoteTaken(site: Site, slug: string): Promise<boolean> {
  const answer = await fetch(`${site.url}/api/polls/${slug}/votes`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ choices: ["1"] }),
    signal: AbortSignal.timeout(2_000),
  }).catch(() => undefined);
  return answer?.status === 202;
}

async function endsWith(status: number, processes: readonly Process[], signal: NodeJS.Signals) {
  for (const { child } of processes) {
    child.signal(signal);
    const late = setTimeout(() => void child.killGroup(), 3 * endMsMax);
    const { result, tookMs } = await timed(() => child.exit());
    clearTimeout(late);
    assert.equal(result, status, `${child.name} ended with ${result}`);
    assert.ok(tookMs < endMsMax, `${child.name}: ${tookMs} ms`);
  }
}

describe("an output that takes nothing", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ env: { FLOODGATE_FRONT_PROCESSES: "2", ...env } });
  });
  after(() => site?.stop());

  for (const [kind, make] of Object.entries(deadOutputs)) {
    it(`front and worker count votes and end with their exit status when their output is ${kind}`, async () => {
      const [front, worker] = [site.fronts[0], site.workers[0]];
      assert.ok(front && worker);
      const output = await make(site.directory);
      const restart = async () => {
        await Promise.all([front.child.stop(), worker.child.stop()]);
        await site.restartWorker(worker, {}, onto(output));
        await site.restartFront(front, {}, onto(output));
      };
      try {
        await restart();
        const ledger = new Ledger(site, await createPoll(site), 1_000);
        await ledger.run(20);
        assert.equal(ledger.acknowledged, 1_000);
        await ledger.assertBooks();
        await endsWith(0, [front, worker], "SIGTERM");
        await restart();
        await endsWith(70, [front, worker], "SIGUSR2");
      } finally {
        output.close();
        await Promise.all([front.child.killGroup(), worker.child.killGroup()]);
      }
    });
  }

  it("a front whose output nobody reads goes on after all its processes have crashed at once", async () => {
    const [front] = site.fronts;
    assert.ok(front);
    const output = await (deadOutputs["a pipe that nobody reads"] ?? assert.fail)(site.directory);
    await front.child.stop();
    await site.restartFront(front, {}, onto(output));
    const slug = await createPoll(site);
    try {
      // A process that ends makes a pipe block for all that share it.
      const children = spawnSync("pgrep", ["-P", String(front.child.pid)], { encoding: "utf8" });
      for (const pid of children.stdout.trim().split("\n")) process.kill(Number(pid), "SIGUSR2");
      await waitUntil("a vote", () => isVoteTaken(site, slug), { withinMs: 3 * endMsMax });
      await endsWith(0, [front], "SIGTERM");
    } finally {
      output.close();
      await front.child.killGroup();
      await site.restartFront(front);
    }
  });

  it("a worker whose log's disk was full writes whole lines again, and how many it has dropped", async t => {
    const [worker] = site.workers;
    assert.ok(worker);
    const disk = join(site.directory, "disk");
    mkdirSync(disk);
    const mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk];
    if (spawnSync("mount", mount).status !== 0) {
      t.skip("only root may mount a small disk");
      return;
    }
    const log = openSync(join(disk, "worker.log"), "a");
    const slug = await createPoll(site);
    try {
      await worker.child.stop();
      await site.restartWorker(worker, {}, ["ignore", log, log]);
      const full = () => statfsSync(disk).bavail === 0;
      writeFileSync(join(disk, "filler"), "x".repeat(56 * 1024));
      await waitUntil("a full disk", async () => {
        await vote(site.url, slug, { choices: ["1"] });
        return full() && (await dropped(worker)) > 0;
      });
      rmSync(join(disk, "filler"));
      const lines = () => readFileSync(join(disk, "worker.log"), "utf8").split("\n");
      await waitUntil("a line about it", () =>
        lines().some(line => /log_lines_dropped/.test(line)),
      );
      const broken = lines().filter(line => line !== "" && !/^\{.*\}$/.test(line));
      assert.ok(broken.length <= 1, "one line may be cut off where the disk became full");
      const report = lines().find(line => /log_lines_dropped/.test(line)) ?? "";
      assert.ok(JSON.parse(report).lines > 0);
      await endsWith(0, [worker], "SIGTERM");
    } finally {
      await worker.child.killGroup();
      spawnSync("umount", ["-l", disk]);
      await site.restartWorker(worker);
    }
  });
});

describe("results that can't be written", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 0, workers: 0 });
  });
  after(() => site?.stop());

  const flush = (file: number, stderr: number | "pipe" = "pipe") =>
    spawn(process.execPath, ["dist/cli.mjs", "flush"], {
      env: { ...process.env, ...site.env },
      stdio: ["ignore", file, stderr],
    });

  it("a command whose results can't be written ends with status 74, and says why", async () => {
    const why = {
      "a full disk": /^floodgate flush: the results could not be written: ENOSPC\n$/,
      "a closed pipe": /^$/,
      "a pipe that nobody reads": /their reader has taken nothing for 10 seconds\n$/,
      "a socket that nobody reads": /their reader has taken nothing for 10 seconds\n$/,
    };
    await Promise.all(
      Object.entries(why).map(async ([kind, line]) => {
        const output = await (deadOutputs[kind] ?? assert.fail)(site.directory);
        const child = flush(output.file);
        let said = "";
        child.stderr?.on("data", bytes => {
          said += bytes;
        });
        const [status] = await once(child, "close");
        output.close();
        assert.equal(status, 74, `${kind}: ${said}`);
        assert.match(said, line, kind);
      }),
    );
  });

  it("a command ends with its status when standard error takes nothing either", async () => {
    await Promise.all(
      Object.entries(deadOutputs).map(async ([kind, make]) => {
        const output = await make(site.directory);
        const [status] = await once(flush(output.file, output.file), "exit");
        output.close();
        assert.equal(status, 74, kind);
      }),
    );
  });
});
