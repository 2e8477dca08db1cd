/** A pass over very many waiting ballots is streamed: its memory is bounded, whatever their number. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import type { BatchId } from "#lib/model/ids.ts";
import { Child } from "#scripts/services/child.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { undisturbed } from "#test/support/stalls.ts";

const ballots = Number(process.env.FLUSH_MEMORY_BALLOTS ?? 300_000);
const megabyte = 1_000_000;

const bench = await startFlushBench({}, { memoryMb: 512 });

/** The peak resident memory of a process in bytes; 0 when it has ended. */
function peakBytes(pid: number): number {
  try {
    return (
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}

/** Enqueues `count` ballots, `perSlot` in each slot. */
async function enqueueMany(count: number, perSlot: number): Promise<void> {
  const pollId = await bench.newPoll();
  const producer = bench.producer();
  const run = randomBytes(8);
  for (let slot = 0; slot * perSlot < count; slot++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(slot);
    const id = Buffer.concat([run, number]) as BatchId;
    const some = Array.from({ length: perSlot }, () => ballot(pollId));
    await bench.enqueue(producer, batch(some, { id }));
  }
}

/** Flushes with the program that cron runs; returns its peak memory in bytes. */
async function flushOnce(): Promise<number> {
  const child = new Child("flush", "npm", ["run", "--silent", "flush"], {
    env: {
      ...process.env,
      DATABASE_URL: bench.database.url,
      MEMCACHED_SERVERS: bench.memcached.address,
      FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
    },
  });
  let peak = 0;
  while (child.ended === undefined) {
    peak = Math.max(peak, peakBytes(workerOf(child.pid)));
    await sleep(20);
  }
  assert.equal(child.ended, 0, child.output);
  assert.match(child.output, / 0 slots waiting/);
  assert.doesNotMatch(child.output, /a second;/, "no progress line where there is no terminal");
  return peak;
}

/** The last descendant: npm starts a shell, and the shell the worker. */
function workerOf(pid: number): number {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return child ? workerOf(Number(child)) : pid;
  } catch {
    return pid;
  }
}

describe("the memory of a flush", { skip: !existsSync("/proc/self/status") }, () => {
  for (const [count, perSlot] of [
    [ballots, 500],
    [Math.ceil(ballots / 20), 1],
  ] as const) {
    it(`the memory of a flush stays below 170 MB with ${count} ballots waiting, ${perSlot} in each slot`, t =>
      undisturbed(async () => {
        await enqueueMany(count, perSlot);
        const peak = await flushOnce();
        t.diagnostic(`${Math.round(peak / megabyte)} MB at peak`);
        assert.equal(await bench.count("checkpoints", "closed_at IS NULL"), 1);
        assert.ok(peak > 10 * megabyte, "the peak was measured");
        assert.ok(peak < 170 * megabyte, `${Math.round(peak / megabyte)} MB`);
      }));
  }
});
