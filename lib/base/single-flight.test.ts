import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SingleFlight } from "./single-flight.ts";

/** Work that ends when `finish` is called; each run gives its number. */
function work() {
  const finish: (() => void)[] = [];
  let runs = 0;
  const start = async () => {
    runs += 1;
    const run = runs;
    await new Promise<void>(resolve => finish.push(resolve));
    return run;
  };
  return { start, finish: () => finish.shift()?.() };
}

describe("single-flight", () => {
  it("overlapping calls for one key share a run, and calls for another key do not", async () => {
    const flight = new SingleFlight<string, number>();
    const { start, finish } = work();
    const calls = [flight.run("a", start), flight.run("a", start), flight.run("b", start)];
    finish();
    finish();
    assert.deepEqual(await Promise.all(calls), [1, 1, 2]);
  });

  it("a call after the end of a run starts another, also after a failure", async () => {
    const flight = new SingleFlight<string, number>();
    await assert.rejects(
      flight.run("a", () => Promise.reject(new Error("away"))),
      /away/,
    );
    assert.equal(await flight.run("a", async () => 1), 1);
    assert.equal(await flight.run("a", async () => 2), 2);
  });

  it("a call after forget() starts a run, and the forgotten run's end leaves it alone", async () => {
    const flight = new SingleFlight<string, number>();
    const { start, finish } = work();
    const before = flight.run("a", start);
    flight.forget();
    const later = flight.run("a", start);
    finish();
    assert.equal(await before, 1);
    const joined = flight.run("a", start);
    finish();
    assert.deepEqual(await Promise.all([later, joined]), [2, 2]);
  });
});
