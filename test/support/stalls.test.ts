import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import {
  expectWithin,
  longestSilence,
  longestStall,
  movingMs,
  standStill,
  timed,
  undisturbed,
} from "./stalls.ts";

const every = (ms: number, from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / ms) + 1 }, (_, i) => from + i * ms);
const span = { from: 0, to: 5_000 };
const steady = every(10, 0, 5_000);
const pausing = [...every(10, 0, 2_000), ...every(10, 3_200, 5_000)];

describe("the longest stall", () => {
  it("the longest stall is the longest gap between answers, including both ends", () => {
    assert.equal(longestStall(steady, steady, span), 10);
    assert.equal(longestStall(pausing, steady, span), 1_200);
    assert.equal(longestStall(every(10, 0, 3_000), steady, span), 2_000);
    assert.equal(longestStall([], steady, span), 5_000);
  });

  it("a short stall of the whole machine is subtracted from the longest stall", () => {
    const silent = [...every(10, 0, 2_000), ...every(10, 2_400, 5_000)];
    assert.equal(longestStall(silent, silent, span), 10);
    assert.equal(longestStall(pausing, silent, span), 800);
  });

  it("a long stall of the whole machine is subtracted with the lease of a lock after it", () => {
    const long = { from: 0, to: 8_000 };
    const silent = [...every(10, 0, 2_000), ...every(10, 2_600, 8_000)];
    const waiting = [...every(10, 0, 2_000), ...every(10, 4_500, 8_000)];
    assert.equal(longestStall(waiting, silent, long), 10);
    const stalled = [...every(10, 0, 2_000), ...every(10, 4_900, 8_000)];
    assert.equal(longestStall(stalled, silent, long), 300);
  });

  it("a long stall of the whole machine just before is subtracted with the lease of a lock after it", () => {
    const silent = [...every(10, -1_000, -700), ...every(10, -100, 5_000)];
    assert.equal(longestStall(every(10, 1_800, 5_000), silent, span), 10);
    assert.equal(longestStall(every(10, 2_200, 5_000), silent, span), 300);
  });
});

describe("the longest silence of the control", () => {
  it("the control's longest silence is its longest gap between answers", () => {
    assert.equal(longestSilence(steady, span), 0);
    assert.equal(longestSilence(pausing, span), 1_200);
  });
});

describe("the time that something took", () => {
  it("the time that something took is the whole span while the control is heard, and hardly its silences otherwise", () => {
    assert.equal(movingMs(steady, span), 5_000);
    assert.equal(movingMs(pausing, span), 3_815);
    assert.equal(movingMs([], span), 15);
  });

  it("the time that something took leaves out the time in which the machine stood still", async () => {
    const { result, tookMs } = await timed(async () => {
      await sleep(200);
      standStill(500);
      await sleep(200);
      return "done";
    });
    assert.equal(result, "done");
    assert.ok(tookMs < 500, `${tookMs} ms`);
  });

  it("expectWithin rejects when the condition is not met in time", async () => {
    await expectWithin(100, "nothing", async () => true);
    await assert.rejects(
      expectWithin(100, "a wonder", async () => false),
      /a wonder: not within 100 ms/,
    );
  });
});

describe("work that time limits may spoil", () => {
  it("work that fails is done again when the machine stood still meanwhile, and only then", async () => {
    let times = 0;
    const failing = undisturbed(async () => {
      times += 1;
      await sleep(50);
      if (times === 1) standStill(400);
      throw new Error(`failed ${times} times`);
    });
    await assert.rejects(failing, /failed 2 times/);
  });

  it("work whose result proves nothing is done again when the machine stood still meanwhile, and only then", async () => {
    let times = 0;
    const result = await undisturbed(
      async () => {
        times += 1;
        await sleep(50);
        if (times === 1) standStill(400);
        return times;
      },
      () => false,
    );
    assert.equal(result, 2);
  });

  it("work that succeeds is done once, although the machine stood still meanwhile", async () => {
    let times = 0;
    await undisturbed(async () => {
      times += 1;
      standStill(400);
    });
    assert.equal(times, 1);
  });
});
