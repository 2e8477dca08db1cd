import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import type { Store } from "./database.ts";
import { type FailureKind, StoreFailure } from "./failure.ts";
import { StoreBreaker } from "./store-breaker.ts";

function observed() {
  const events: string[] = [];
  const write = (line: string) => void events.push(JSON.parse(line).event);
  return { events, breaker: new StoreBreaker({} as Store, pino({ base: null }, { write })) };
}

const failing = (kind: FailureKind) => () =>
  Promise.reject(new StoreFailure(kind, "x", undefined, undefined));

describe("StoreBreaker", () => {
  it("StoreBreaker refuses calls without running them after MySQL was away", async () => {
    const { breaker } = observed();
    await assert.rejects(breaker.use(failing("unavailable")));
    let ran = false;
    const next = breaker.use(async () => {
      ran = true;
    });
    await assert.rejects(
      next,
      error => error instanceof StoreFailure && error.kind === "unavailable",
    );
    assert.deepEqual([ran, breaker.available], [false, false]);
  });

  it("StoreBreaker opens also when the answer to a commit was lost", async () => {
    const { breaker } = observed();
    await assert.rejects(breaker.use(failing("commit_unknown")));
    assert.equal(breaker.available, false);
  });

  it("StoreBreaker stays closed when MySQL answers with an error", async () => {
    const { breaker } = observed();
    for (const kind of ["duplicate", "invalid", "mismatch"] as const) {
      await assert.rejects(breaker.use(failing(kind)));
    }
    await assert.rejects(
      breaker.use(() => Promise.reject(new TypeError("a bug"))),
      TypeError,
    );
    assert.equal(breaker.available, true);
  });

  it("StoreBreaker closes when a call that was under way succeeds, and logs both changes once", async () => {
    const { breaker, events } = observed();
    let finish = (_: number) => {};
    const slow = breaker.use(() => new Promise<number>(resolve => (finish = resolve)));
    await assert.rejects(breaker.use(failing("unavailable")));
    finish(7);
    assert.equal(await slow, 7);
    assert.equal(await breaker.use(async () => 8), 8);
    assert.deepEqual(events, ["mysql_away", "mysql_back"]);
  });
});
