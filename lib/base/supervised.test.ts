import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type RunningProcess, Supervised, type SupervisedOptions } from "./supervised.ts";

interface FakeProcess extends RunningProcess {
  readonly serial: number;
  readonly end: (status: number) => void;
}

/** A supervised fake; `starts` are what its next starts wait for, `events` what happened. */
function fake(options: Partial<SupervisedOptions<FakeProcess>> = {}) {
  const events: string[] = [];
  const starts: Promise<void>[] = [];
  let serial = 0;
  const supervised = new Supervised<FakeProcess>({
    start: async () => {
      await starts.shift();
      const own = ++serial;
      let end: (status: number) => void = () => {};
      const ended = new Promise<number>(resolve => {
        end = resolve;
      });
      const stop = async () => {
        events.push(`${own} is stopped`);
        end(0);
      };
      return { serial: own, ended, end, stop };
    },
    backoff: { firstMs: 1, maxMs: 1 },
    onStart: process => events.push(`${process.serial} is ready`),
    onEnd: status => events.push(`ended with ${status}`),
    onRestartFailed: error => events.push(`restart failed: ${(error as Error).message}`),
    ...options,
  });
  return { supervised, events, starts };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setImmediate();
}

describe("Supervised", () => {
  it("Supervised starts a process again when it ends", async () => {
    const { supervised, events } = fake();
    await supervised.start();
    supervised.current?.end(7);
    await until(() => supervised.current?.serial === 2);
    assert.deepEqual(events, ["1 is ready", "ended with 7", "2 is ready"]);
  });

  it("Supervised retries a restart until it succeeds", async () => {
    const { supervised, events, starts } = fake();
    await supervised.start();
    starts.push(...["first", "second"].map(reason => Promise.reject(new Error(reason))));
    for (const start of starts) start.catch(() => {});
    supervised.current?.end(7);
    await until(() => supervised.current?.serial === 2);
    assert.deepEqual(events.slice(2, 4), ["restart failed: first", "restart failed: second"]);
  });

  it("Supervised rejects when its first start fails, and does not retry it", async () => {
    const { supervised, events, starts } = fake();
    starts.push(Promise.reject(new Error("no port")));
    await assert.rejects(supervised.start(), /no port/);
    await setImmediate();
    assert.deepEqual(events, []);
  });

  it("Supervised stops the process before only when its replacement is ready", async () => {
    const { supervised, events } = fake();
    await supervised.start();
    await supervised.start();
    await setImmediate();
    assert.deepEqual(events, ["1 is ready", "2 is ready", "1 is stopped"]);
  });

  it("Supervised keeps the process before when its replacement fails to start", async () => {
    const { supervised, events, starts } = fake();
    await supervised.start();
    starts.push(Promise.reject(new Error("no port")));
    await assert.rejects(supervised.start(), /no port/);
    assert.equal(supervised.current?.serial, 1);
    assert.deepEqual(events, ["1 is ready"]);
  });

  it("Supervised starts one process, not two, when the process before ends during its replacement", async () => {
    const { supervised, events, starts } = fake();
    await supervised.start();
    let ready = () => {};
    starts.push(
      new Promise(resolve => {
        ready = resolve;
      }),
    );
    const replacing = supervised.start();
    supervised.current?.end(7);
    await until(() => events.includes("ended with 7"));
    ready();
    await replacing;
    await setImmediate();
    assert.equal(supervised.current?.serial, 2);
    assert.deepEqual(events.slice(0, 3), ["1 is ready", "ended with 7", "2 is ready"]);
  });

  it("Supervised starts no process after it was stopped, not even one that waits to restart", async () => {
    const { supervised, events } = fake({ backoff: { firstMs: 10 ** 9, maxMs: 10 ** 9 } });
    await supervised.start();
    supervised.current?.end(7);
    await until(() => supervised.current?.serial === 2);
    supervised.current?.end(8);
    await until(() => events.includes("ended with 8"));
    await supervised.stop();
    await setImmediate();
    assert.equal(supervised.current, undefined);
    assert.equal(events.at(-1), "ended with 8");
  });

  it("Supervised stops a process that becomes ready after it was stopped", async () => {
    const { supervised, events, starts } = fake();
    let ready = () => {};
    starts.push(
      new Promise(resolve => {
        ready = resolve;
      }),
    );
    const starting = supervised.start();
    await supervised.stop();
    ready();
    await starting;
    assert.deepEqual(events, ["1 is stopped"]);
    assert.equal(supervised.current, undefined);
  });
});
