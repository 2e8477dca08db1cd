/** The metrics, alerts and findings that `docs/monitoring/` and the runbook name exist. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { books, now, summary, survey } from "#test/support/worker-status.ts";
import { sections } from "../cli/doctor/finding.ts";
import { Metrics } from "../worker/status/metrics.ts";

describe("monitoring", () => {
  it("alerts and dashboard use only metrics that the worker exposes", async () => {
    const metrics = new Metrics();
    metrics.passed(summary, 10, "kickstart", now);
    const text = await metrics.expose(
      survey(1, 1_000, { wrongClocks: [{ clock: "MySQL", aheadMs: 3_000 }] }),
      {
        ...books,
        balanced: false,
      },
    );
    const exposed = new Set([...text.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(match => match[1]));
    for (const file of ["alerts.yml", "grafana-dashboard.json"]) {
      const asked = readFileSync(`docs/monitoring/${file}`, "utf8").match(/floodgate_[a-z_]+/g);
      assert.ok(asked && asked.length > 5, file);
      for (const name of asked) assert.ok(exposed.has(name), `${file} asks for ${name}`);
    }
  });

  it("the runbook has a section for each alert and each finding of the doctor", () => {
    const runbook = readFileSync("docs/runbook.md", "utf8");
    const anchors = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(",", "").replaceAll(" ", "-"),
    );
    const alerts = readFileSync("docs/monitoring/alerts.yml", "utf8");
    const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name);
    const linked = [...alerts.matchAll(/runbook_url: docs\/runbook\.md#(\S+)/g)];
    assert.equal(linked.length, names.length, "each alert has a link");
    for (const name of names) assert.ok(runbook.includes(`| ${name} |`), name);
    const within = [...runbook.matchAll(/\]\(#([\w-]+)\)/g)];
    for (const [, anchor = ""] of [...linked, ...within])
      assert.ok(anchors.includes(anchor), anchor);
    for (const section of sections) assert.ok(anchors.includes(section), section);
  });

  it("promtool accepts the alert rules", t => {
    const check = spawnSync("promtool", ["check", "rules", "docs/monitoring/alerts.yml"], {
      encoding: "utf8",
    });
    if (check.error) {
      t.diagnostic("not checked: promtool is not here (Debian: apt-get install prometheus)");
      return;
    }
    assert.equal(check.status, 0, check.stdout + check.stderr);
  });
});
