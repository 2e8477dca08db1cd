import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import type { Lane } from "../model/lane.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { Degradation, type DegradationView, degradationStep } from "./degradation.ts";

const healthy: DegradationView = {
  queueServers: 2,
  queueServersUp: 2,
  mysqlUp: true,
  lanesRefused: [],
};
const everyLane: readonly Lane[] = ["high", "normal", "low"];

describe("degradationStep", () => {
  const cases: readonly [string, Partial<DegradationView>, string][] = [
    ["nothing is away", {}, "normal"],
    ["one of two queue servers is away", { queueServersUp: 1 }, "fewer_servers"],
    ["MySQL is away", { mysqlUp: false }, "holding"],
    ["MySQL and one queue server are away", { mysqlUp: false, queueServersUp: 1 }, "holding"],
    ["every queue server is away", { queueServersUp: 0 }, "direct"],
    ["every queue server and MySQL are away", { queueServersUp: 0, mysqlUp: false }, "refusing"],
    ["one lane is refused", { lanesRefused: ["low"] }, "shedding"],
    ["a lane is refused and MySQL is away", { lanesRefused: ["low"], mysqlUp: false }, "shedding"],
    ["every lane is refused", { lanesRefused: everyLane }, "refusing"],
    [
      "lanes are refused by servers that are away",
      { lanesRefused: ["low"], queueServersUp: 0 },
      "direct",
    ],
  ];
  for (const [condition, view, step] of cases) {
    it(`degradationStep is ${step} when ${condition}`, () => {
      assert.equal(degradationStep({ ...healthy, ...view }), step);
    });
  }
});

function observed() {
  const view = { queueServers: 2, queueServersUp: 2, lanesRefused: [] as readonly Lane[] };
  const mysql = { available: true };
  const lines: { level: number; step: string; before: string }[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const degradation = new Degradation(log, mysql as StoreBreaker, () => view);
  return { view, mysql, lines, degradation };
}
const info = 30;
const warn = 40;

describe("Degradation", () => {
  it("Degradation shows the step of this moment without logging it", () => {
    const { mysql, lines, degradation } = observed();
    mysql.available = false;
    assert.equal(degradation.step, "holding");
    assert.deepEqual(lines, []);
  });

  it("Degradation logs a change once, as a warning on the way down and as information on the way up", () => {
    const { view, lines, degradation } = observed();
    degradation.update();
    view.queueServersUp = 1;
    degradation.update();
    degradation.update();
    view.queueServersUp = 2;
    degradation.update();
    assert.deepEqual(
      lines.map(({ level, before, step }) => [level, before, step]),
      [
        [warn, "normal", "fewer_servers"],
        [info, "fewer_servers", "normal"],
      ],
    );
  });

  it("Degradation logs that another lane is refused though the step stays the same", () => {
    const { view, lines, degradation } = observed();
    for (const lanesRefused of [["low"], ["normal", "low"], ["low"]] as const) {
      view.lanesRefused = lanesRefused;
      degradation.update();
    }
    assert.deepEqual(
      lines.map(({ level, step }) => [level, step]),
      [
        [warn, "shedding"],
        [warn, "shedding"],
        [info, "shedding"],
      ],
    );
  });
});
