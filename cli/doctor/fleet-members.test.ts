/** What the doctor makes of the fleet record. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import { lineOf } from "./finding.ts";
import { judgeFleet } from "./fleet-members.ts";

const now = Date.UTC(2026, 10, 27, 12);

describe("findings about the fleet", () => {
  const member = (change: Partial<FleetMember> = {}): FleetMember => ({
    id: "0000000000000001",
    role: "front",
    home: 0,
    homes: 8,
    machine: "web-1",
    pid: 4711,
    version: "0.3.0",
    settings: { FLOODGATE_QUEUE_COPIES: "1" },
    startedAtMs: now - 60_000,
    seenAtMs: now,
    heldSinceMs: now,
    clockAheadMs: 3,
    ...change,
  });
  const other = { id: "0000000000000002", home: 1, pid: 4712, startedAtMs: now - 1_000 };

  it("the doctor lists the processes when they fit together", () => {
    const worker = member({ ...other, role: "worker", home: undefined, heldSinceMs: undefined });
    assert.deepEqual(judgeFleet([member(), worker]).map(lineOf), [
      "ok     fleet: 1 front, 1 worker, version 0.3.0: the front of home 0 on web-1 (process 4711), the worker on web-1 (process 4712)",
    ]);
  });

  it("the doctor reports a process that differs, a wrong clock, held votes and a shared home", () => {
    const says = (...members: FleetMember[]) => judgeFleet(members).map(lineOf).join("\n");
    const differs = member({ ...other, settings: { FLOODGATE_QUEUE_COPIES: "2" } });
    assert.match(
      says(member(), differs),
      /^wrong {2}fleet: the front of home 1 .* differs: FLOODGATE_QUEUE_COPIES is 2/,
    );
    assert.match(
      says(member({ clockAheadMs: -9_000 })),
      /clock of the front .* is 9 seconds behind/,
    );
    assert.match(says(member({ heldSinceMs: now - 40_000 })), /has held votes for 40 seconds/);
    assert.match(says(member(), member({ ...other, home: 0 })), /^warn .* share a home/);
  });
});
