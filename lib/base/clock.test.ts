import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inTime, monotonicMs, sleep } from "./clock.ts";

describe("sleep", () => {
  it("sleep resolves no earlier than after its time", async () => {
    const startedMs = monotonicMs();
    await sleep(20);
    assert.ok(monotonicMs() - startedMs >= 19);
  });

  it("sleep resolves when its signal is aborted", async () => {
    const abort = new AbortController();
    const slept = sleep(60_000, abort.signal);
    abort.abort();
    await slept;
  });

  it("sleep resolves at once when its signal has been aborted before", async () => {
    await sleep(60_000, AbortSignal.abort());
  });

  it("sleep leaves no listener on its signal", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    await sleep(1, signal);
    assert.equal(listeners, 0);
  });
});

describe("inTime", () => {
  const late = () => new Error("late");

  it("inTime resolves with an answer that comes in time", async () => {
    assert.equal(await inTime(Promise.resolve(7), 1_000, late), 7);
  });

  it("inTime rejects with the answer's own error", async () => {
    await assert.rejects(inTime(Promise.reject(new Error("broken")), 1_000, late), /broken/);
  });

  it("inTime rejects with the caller's error when the time is over", async () => {
    await assert.rejects(inTime(new Promise(() => {}), 5, late), /late/);
  });

  it("inTime ignores a rejection that comes too late", async () => {
    const slow = sleep(20).then(() => Promise.reject(new Error("unhandled")));
    await assert.rejects(inTime(slow, 1, late), /late/);
    await sleep(30);
  });
});
