/** The files of `deploy/`, checked by the tools that use them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ensurePrograms } from "#scripts/services/programs.ts";

const units = ["front.service", "worker.service", "flush.service", "flush.timer"];

describe("deploy", () => {
  it("systemd-analyze verifies the units without a warning", () => {
    const analyze = ensurePrograms(["systemd-analyze"], () => {})["systemd-analyze"];
    const paths = units.map(unit => `deploy/floodgate-${unit}`);
    const { status, stdout, stderr } = spawnSync(analyze, ["verify", "--man=no", ...paths], {
      encoding: "utf8",
    });
    assert.equal(`${stdout}${stderr}`, "");
    assert.equal(status, 0);
  });

  it("the crontab has one line that cron can read", () => {
    const lines = readFileSync("deploy/crontab", "utf8").split("\n");
    const [entry, ...more] = lines.filter(line => line !== "" && !line.startsWith("#"));
    assert.deepEqual(more, []);
    assert.match(entry ?? "", /^(\S+ ){5}floodgate \S/);
    assert.doesNotMatch(entry ?? "", /%/, "a percent sign is a line end to cron");
  });

  it("the units start programs that the build makes", () => {
    const started = units
      .filter(unit => unit.endsWith("service"))
      .map(unit => readFileSync(`deploy/floodgate-${unit}`, "utf8"))
      .flatMap(text => /dist\/(\w+)\.mjs/.exec(text)?.[1] ?? []);
    const programs = readFileSync("scripts/bundles.ts", "utf8");
    assert.equal(started.length, 3);
    for (const name of started) assert.match(programs, new RegExp(`\\b${name}: "`));
  });
});
