import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { KickstartListener } from "./kickstart-listener.ts";
import { floorMs, Schedule, waitMs } from "./schedule.ts";

const never = new AbortController().signal;
const hour = 3_600_000;

describe("the schedule of looks", () => {
  it("waits longer from quiet look to quiet look, and never longer than the interval", () => {
    const waits = [0, 1, 2, 3, 4, 50].map(quiet => waitMs(quiet, 1_000));
    assert.deepEqual(waits, [250, 500, 1_000, 1_000, 1_000, 1_000]);
    assert.equal(waitMs(0, 10), 10, "an interval below the floor is an interval");
  });

  it("goes on at once when it rings, and when it rang while the look was under way", async () => {
    const bell = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(bell, hour);
    for (let quiet = 0; quiet < 20; quiet++) {
      schedule.begin();
      bell.ring();
      await schedule.next(false, never); // would wait for an hour, in the end
    }
    schedule.begin();
    setTimeout(() => bell.ring(), 30);
    await schedule.next(false, never);
  });

  it("makes one look a floor interval of any number of rings", async () => {
    const bell = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(bell, hour);
    const flood = setInterval(() => {
      for (let i = 0; i < 1_000; i++) bell.ring();
    }, 1);
    const startedMs = monotonicMs();
    let looks = 0;
    while (monotonicMs() - startedMs < 300) {
      schedule.begin();
      looks += 1;
      await schedule.next(looks % 2 === 0, never);
    }
    clearInterval(flood);
    const elapsedMs = monotonicMs() - startedMs;
    const leastPerPair = floorMs.foundNothing + floorMs.foundSomething;
    assert.ok(looks <= 2 * Math.ceil(elapsedMs / leastPerPair) + 1, `${looks} looks`);
  });

  it("ends at once when it is called off", async () => {
    const bell = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(bell, hour);
    const stop = new AbortController();
    for (let quiet = 0; quiet < 20; quiet++) {
      schedule.begin();
      bell.ring();
      await schedule.next(false, never);
    }
    schedule.begin();
    setTimeout(() => stop.abort(), 10);
    await schedule.next(false, stop.signal);
  });
});
