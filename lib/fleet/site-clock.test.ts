import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MINUTE, monotonicMs, SECOND, wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { StoreFailure } from "../store/failure.ts";
import { SiteClock } from "./site-clock.ts";

/** By how much each clock is ahead; `undefined`: it can't be read. */
interface Ahead {
  machine: number;
  mysql: number | undefined;
  memcached: number | undefined;
}

function clockWith(ahead: Ahead, events: string[] = []) {
  const note = ({ event }: { readonly event: string }) => events.push(event);
  const log = { info: note, warn: note } as unknown as Log;
  const away = () => new MemcachedFailure("not_sent", "away");
  const stats = (byMs: number) => {
    const seconds = Math.floor((wallMs() + byMs) / SECOND);
    return { of: () => new Map([["time", String(seconds)]]) };
  };
  return new SiteClock({
    log,
    machineMs: () => wallMs() + ahead.machine,
    readDatabase: async () => {
      if (ahead.mysql === undefined) throw new StoreFailure("unavailable", "away", 0, undefined);
      const nowMs = monotonicMs();
      const theirMs = Math.floor(wallMs() + ahead.mysql);
      return { theirMs, resolutionMs: 1, askedMs: nowMs - 1, answeredMs: nowMs + 1 };
    },
    servers: () => [
      {
        name: "127.0.0.1:11211",
        available: true,
        read: async () => {
          if (ahead.memcached === undefined) throw away();
          return stats(ahead.memcached) as never;
        },
      },
    ],
  });
}

/** By how much the site's time is ahead of the true time. */
const errorMs = (clock: SiteClock) => clock.nowMs() - wallMs();

describe("site clock", () => {
  for (const [wrong, ahead] of [
    ["no clock", { machine: 0, mysql: 0, memcached: 0 }],
    ["this machine's clock", { machine: 10 * SECOND, mysql: 0, memcached: 0 }],
    ["MySQL's clock", { machine: 0, mysql: -120 * MINUTE, memcached: 0 }],
    ["memcached's clock", { machine: 0, mysql: 0, memcached: 3 * MINUTE }],
  ] as const) {
    it(`the site clock is right when ${wrong} is wrong`, async () => {
      const clock = clockWith(ahead);
      await clock.measure();
      assert.ok(Math.abs(errorMs(clock)) <= 1.5 * SECOND, `${errorMs(clock)} ms`);
      assert.equal(clock.isCertain, true);
    });
  }

  it("the site clock is exactly this machine's while that one agrees, however late memcached's ticks", async () => {
    for (let lateMs = 0; lateMs <= 4_000; lateMs += 100) {
      const clock = clockWith({ machine: 0, mysql: 0, memcached: -lateMs });
      await clock.measure();
      assert.ok(Math.abs(errorMs(clock)) <= 1, `${lateMs} ms late: ${errorMs(clock)} ms`);
    }
  });

  it("the site clock names the clock that is wrong, once, and says when all agree again", async () => {
    const events: string[] = [];
    const ahead = { machine: -20 * SECOND, mysql: 0, memcached: 0 };
    const clock = clockWith(ahead, events);
    await clock.measure();
    await clock.measure();
    assert.deepEqual(
      clock.wrong.map(({ clock: name, aheadMs }) => [name, Math.round(aheadMs / SECOND)]),
      [["this machine", -20]],
    );
    ahead.machine = 0;
    await clock.measure();
    assert.deepEqual(clock.wrong, []);
    assert.deepEqual(events, ["clock_wrong", "clocks_agree"]);
  });

  it("the site clock follows MySQL's clock, and says that it is not certain, when no two clocks agree", async () => {
    const clock = clockWith({ machine: 60 * SECOND, mysql: 0, memcached: -60 * SECOND });
    await clock.measure();
    assert.ok(Math.abs(errorMs(clock)) < 100, `${errorMs(clock)} ms`);
    assert.equal(clock.isCertain, false);
  });

  it("the site clock keeps the right time while MySQL and memcached are away and this machine's clock is set wrong", async () => {
    const ahead: Ahead = { machine: 0, mysql: 0, memcached: 0 };
    const clock = clockWith(ahead);
    await clock.measure();
    Object.assign(ahead, { machine: 30 * MINUTE, mysql: undefined, memcached: undefined });
    await clock.measure();
    assert.ok(Math.abs(errorMs(clock)) <= 1.5 * SECOND, `${errorMs(clock)} ms`);
  });

  it("the site clock is this machine's before the first measurement, and alone", async () => {
    const clock = clockWith({ machine: 7 * SECOND, mysql: undefined, memcached: undefined });
    assert.ok(Math.abs(errorMs(clock) - 7 * SECOND) < 100);
    await clock.measure();
    assert.ok(Math.abs(errorMs(clock) - 7 * SECOND) < 100);
  });
});
