import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { DataDirectory } from "./data-directory.ts";
import { bringUpFile } from "./program.mjs";

/** A process that runs until the test ends, with `args` in its command line. */
async function runningWith(...args: string[]) {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 60_000)", ...args]);
  const ended = once(child, "exit");
  await once(child, "spawn");
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function newDirectory() {
  const path = mkdtempSync(join(tmpdir(), "floodgate-up-"));
  const said: string[] = [];
  const directory = new DataDirectory(path);
  return {
    directory,
    said,
    lock: () => directory.lock(sentence => said.push(sentence)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

it("a second `up` on a data directory is refused while the first runs, and stops none of its processes", async () => {
  await using first = await runningWith(bringUpFile);
  await using front = await runningWith("dist/front.mjs");
  using second = newDirectory();
  second.directory.write("lock.json", { pid: first.pid });
  second.directory.write("up.json", { pids: { front: [front.pid] } });
  await assert.rejects(second.lock(), /already running on .+ \(process \d+\)/);
  assert.deepEqual(second.said, []);
});

it("`up` takes over a data directory whose lock names a process of another program", async () => {
  await using other = await runningWith("other.ts");
  using start = newDirectory();
  start.directory.write("lock.json", { pid: other.pid });
  await start.lock();
  assert.deepEqual(start.directory.read("lock.json"), { pid: process.pid });
});

it("`up` stops what a killed `up` left running", async () => {
  await using left = await runningWith("dist/front.mjs");
  using start = newDirectory();
  start.directory.write("up.json", { pids: { front: [left.pid] } });
  await start.lock();
  assert.deepEqual(start.said, [`stopping process ${left.pid}, left over from an earlier start`]);
});
