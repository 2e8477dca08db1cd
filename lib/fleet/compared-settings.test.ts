import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfig } from "../config/config.ts";
import type { FleetMember } from "../store/fleet-processes.ts";
import { comparedSettings, conflictOf } from "./compared-settings.ts";

const environment = {
  DATABASE_URL: "mysql://floodgate:secret@127.0.0.1:3306/floodgate",
  MEMCACHED_SERVERS: "10.0.0.1:11211,10.0.0.2:11211",
  FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
};
const settingsWith = (change: Record<string, string> = {}) =>
  comparedSettings(loadConfig({ NODE_ENV: "test", ...environment, ...change }), "front");

const member = (change: Partial<FleetMember> = {}): FleetMember => ({
  id: "0000000000000001",
  role: "front",
  home: 0,
  homes: 8,
  machine: "web-1",
  pid: 4711,
  version: "0.3.0",
  settings: settingsWith(),
  startedAtMs: 1_000,
  seenAtMs: 9_000,
  heldSinceMs: 9_000,
  clockAheadMs: 0,
  ...change,
});

describe("settings that processes compare", () => {
  for (const [name, value] of [
    ["MEMCACHED_SERVERS", "10.0.0.2:11211,10.0.0.1:11211"],
    ["MEMCACHED_SERVERS", "10.0.0.1:11211"],
    ["FLOODGATE_QUEUE_SERVERS", "10.0.0.9:11211"],
    ["FLOODGATE_QUEUE_COPIES", "2"],
    ["FLOODGATE_SECRET", "another secret that is only good for tests, 32 bytes"],
  ] as const) {
    it(`a process with another ${name} gives way to one that started earlier, and says which setting differs from whose`, () => {
      const self = { id: "0000000000000002", settings: settingsWith({ [name]: value }) };
      const conflict = conflictOf(self, [member()]);
      assert.match(
        conflict?.sentence ?? "",
        new RegExp(`^${name} is .* the front of home 0 on web-1 \\(process 4711\\)`),
      );
    });
  }

  it("a process that knows of the agreed list of servers may wish others than one that knows of it, too", () => {
    const settings = settingsWith({ MEMCACHED_SERVERS: "10.0.0.1:11211" });
    const self = { id: "0000000000000002", settings };
    assert.equal(conflictOf(self, [member({ serverWish: "{}" })]), undefined);
  });

  it("the sentence about a secret that differs has neither its value nor its digest", () => {
    const other = { FLOODGATE_SECRET: "another secret that is only good for tests, 32 bytes" };
    const self = { id: "0000000000000002", settings: settingsWith(other) };
    const { sentence = "" } = conflictOf(self, [member()]) ?? {};
    assert.match(sentence, /^FLOODGATE_SECRET is not the same here and in the front of home 0/);
    for (const secret of [environment.FLOODGATE_SECRET, other.FLOODGATE_SECRET]) {
      assert.ok(!sentence.includes(secret));
    }
    for (const digest of Object.values(self.settings).filter(value => /^[0-9a-f]{16}$/.test(value)))
      assert.ok(!sentence.includes(digest));
  });

  it("processes with a secret in common fit together while secrets rotate, in whatever order they started", () => {
    const next = "another secret that is only good for tests, 32 bytes";
    const before = settingsWith();
    const during = settingsWith({
      FLOODGATE_SECRET: next,
      FLOODGATE_PREVIOUS_SECRETS: JSON.stringify([environment.FLOODGATE_SECRET]),
    });
    const after = settingsWith({ FLOODGATE_SECRET: next });
    const fit = (own: typeof before, theirs: typeof before) =>
      conflictOf({ id: "2", settings: own }, [member({ settings: theirs })]) === undefined;
    assert.ok(fit(during, before) && fit(before, during));
    assert.ok(fit(after, during) && fit(during, after));
    assert.ok(!fit(after, before));
  });

  it("of two processes that differ, the one that started later gives way, and only that one", () => {
    const differs = { settings: settingsWith({ FLOODGATE_QUEUE_COPIES: "2" }) };
    const first = member();
    const second = member({ id: "0000000000000002", startedAtMs: 2_000, ...differs });
    assert.equal(conflictOf(first, [first, second]), undefined);
    assert.equal(conflictOf(second, [first, second])?.member, first);
    const same = { ...second, startedAtMs: 1_000 };
    assert.equal(conflictOf(first, [first, same]), undefined);
    assert.equal(conflictOf(same, [first, same])?.member, first);
  });

  it("processes may differ in their homes, and in settings that an older release does not compare", () => {
    const homes = settingsWith({ FLOODGATE_QUEUE_HOMES: "16" });
    assert.equal(conflictOf({ id: "2", settings: homes }, [member()]), undefined);
    const { FLOODGATE_QUEUE_COPIES: _, ...older } = settingsWith();
    const newer = settingsWith({ FLOODGATE_QUEUE_COPIES: "2" });
    assert.equal(
      conflictOf({ id: "2", settings: newer }, [member({ settings: older })]),
      undefined,
    );
  });
});
