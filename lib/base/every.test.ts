import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOUR } from "./clock.ts";
import { every } from "./every.ts";

describe("every", () => {
  it("every runs the work again after each pause, until the signal is aborted", async () => {
    const stop = new AbortController();
    let runs = 0;
    const work = () => {
      runs += 1;
      if (runs === 3) stop.abort();
    };
    await every(1, work, stop.signal);
    assert.equal(runs, 3);
  });

  it("every ends its pause when the signal is aborted, and runs the work a last time", async () => {
    const stop = new AbortController();
    let runs = 0;
    const ended = every(HOUR, () => void runs++, stop.signal);
    stop.abort();
    await ended;
    assert.equal(runs, 1);
  });

  it("every does nothing when the signal is aborted before", async () => {
    await every(1, () => assert.fail(), AbortSignal.abort());
  });

  it("every waits for the work before the next pause", async () => {
    const stop = new AbortController();
    let running = 0;
    let runs = 0;
    const work = async () => {
      running += 1;
      assert.equal(running, 1);
      await new Promise(setImmediate);
      running -= 1;
      runs += 1;
      if (runs === 2) stop.abort();
    };
    await every(0, work, stop.signal);
    assert.equal(runs, 2);
  });

  it("every rejects with what the work throws", async () => {
    const work = () => Promise.reject(new Error("broken"));
    await assert.rejects(every(1, work, new AbortController().signal), /broken/);
  });
});
