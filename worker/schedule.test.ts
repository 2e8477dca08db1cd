import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { KickstartListener } from "./kickstart-listener.ts";
import { floorMs, Schedule, waitMs } from "./schedule.ts";

const never = new AbortController().signal;
const hour = 3_600_000;

describe("Schedule", () => {
  it("Schedule doubles the wait while passes find nothing, up to the interval", () => {
    const waits = [0, 1, 2, 3, 4, 50].map(emptyPasses => waitMs(emptyPasses, 1_000));
    assert.deepEqual(waits, [250, 500, 1_000, 1_000, 1_000, 1_000]);
    assert.equal(waitMs(0, 10), 10, "an interval below the floor counts");
  });

  it("Schedule starts the next pass at a kickstart, even one that came during the pass", async () => {
    const kickstart = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(kickstart, hour);
    for (let emptyPasses = 0; emptyPasses < 20; emptyPasses++) {
      schedule.begin();
      kickstart.receive();
      await schedule.next(false, never); // without the kickstart: an hour
    }
    schedule.begin();
    setTimeout(() => kickstart.receive(), 30);
    await schedule.next(false, never);
  });

  it("Schedule makes at most one pass for each floor interval out of any number of kickstarts", async () => {
    const kickstart = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(kickstart, hour);
    const flood = setInterval(() => {
      for (let i = 0; i < 1_000; i++) kickstart.receive();
    }, 1);
    const startedMs = monotonicMs();
    let passes = 0;
    while (monotonicMs() - startedMs < 300) {
      schedule.begin();
      passes += 1;
      await schedule.next(passes % 2 === 0, never);
    }
    clearInterval(flood);
    const elapsedMs = monotonicMs() - startedMs;
    const leastPerPair = floorMs.foundNothing + floorMs.foundSomething;
    assert.ok(passes <= 2 * Math.ceil(elapsedMs / leastPerPair) + 1, `${passes} passes`);
  });

  it("Schedule stops waiting at once when the signal is aborted", async () => {
    const kickstart = new KickstartListener(createLog("test", "silent"));
    const schedule = new Schedule(kickstart, hour);
    const stop = new AbortController();
    for (let emptyPasses = 0; emptyPasses < 20; emptyPasses++) {
      schedule.begin();
      kickstart.receive();
      await schedule.next(false, never);
    }
    schedule.begin();
    setTimeout(() => stop.abort(), 10);
    await schedule.next(false, stop.signal);
  });
});
