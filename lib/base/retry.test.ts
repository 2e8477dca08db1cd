import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs } from "./clock.ts";
import { backoffMs, retry } from "./retry.ts";

describe("backoffMs", () => {
  const backoff = { firstMs: 100, maxMs: 1_000 };

  it("backoffMs doubles its ceiling with each attempt, up to maxMs", () => {
    const ceilings = [0, 1, 2, 3, 4, 100].map(attempt => backoffMs(backoff, attempt, () => 1));
    assert.deepEqual(ceilings, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("backoffMs spreads the wait evenly between zero and the ceiling", () => {
    assert.equal(
      backoffMs(backoff, 3, () => 0),
      0,
    );
    assert.equal(
      backoffMs(backoff, 3, () => 0.5),
      400,
    );
  });
});

describe("retry", () => {
  const quick = { firstMs: 1, maxMs: 1 };

  /** Work that fails `failures` times, each time with another error, and then gives "done". */
  function failing(failures: number) {
    const errors = Array.from(
      { length: failures },
      (_, index) => new Error(`failure ${index + 1}`),
    );
    const attempts = { made: 0 };
    const work = async () => {
      const error = errors[attempts.made++];
      if (error) throw error;
      return "done";
    };
    return { errors, attempts, work };
  }

  it("retry resolves with the result of the first attempt that succeeds", async () => {
    const { attempts, work } = failing(3);
    assert.equal(await retry(work, quick), "done");
    assert.equal(attempts.made, 4);
  });

  it("retry reports every failure with its number", async () => {
    const { errors, work } = failing(2);
    const reported: [unknown, number][] = [];
    await retry(work, { ...quick, onFailure: (...failure) => reported.push(failure) });
    assert.deepEqual(reported, [
      [errors[0], 1],
      [errors[1], 2],
    ]);
  });

  it("retry rejects with an error that is not retryable, and does not report it", async () => {
    const { errors, attempts, work } = failing(3);
    let reports = 0;
    const rejected = retry(work, {
      ...quick,
      retryable: error => error !== errors[1],
      onFailure: () => {
        reports += 1;
      },
    });
    await assert.rejects(rejected, errors[1]);
    assert.equal(attempts.made, 2);
    assert.equal(reports, 1);
  });

  it("retry rejects with the last error after attemptsMax attempts", async () => {
    const { errors, attempts, work } = failing(9);
    await assert.rejects(retry(work, { ...quick, attemptsMax: 3 }), errors[2]);
    assert.equal(attempts.made, 3);
  });

  it("retry makes no attempt after withinMs", async () => {
    const { errors, attempts, work } = failing(9);
    await assert.rejects(retry(work, { ...quick, withinMs: -1 }), errors[0]);
    assert.equal(attempts.made, 1);
  });

  it("retry ends its wait and rejects with the last error when its signal is aborted", async () => {
    const { errors, attempts, work } = failing(1);
    const stop = new AbortController();
    const startedMs = monotonicMs();
    setTimeout(() => stop.abort(), 5);
    const rejected = retry(work, {
      firstMs: 10 ** 9,
      maxMs: 10 ** 9,
      signal: stop.signal,
    });
    await assert.rejects(rejected, errors[0]);
    assert.equal(attempts.made, 1);
    assert.ok(monotonicMs() - startedMs < 10_000);
  });

  it("retry makes one attempt when its signal was aborted before", async () => {
    const { errors, attempts, work } = failing(1);
    const options = { ...quick, signal: AbortSignal.abort() };
    await assert.rejects(retry(work, options), errors[0]);
    assert.equal(attempts.made, 1);
  });
});
