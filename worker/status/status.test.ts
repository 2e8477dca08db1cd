/** The worker's pages without servers: sentences, charts, escaping, who may read, and the monitoring's names. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Lane } from "#lib/lane-rules.ts";
import { LogLines } from "#lib/log-lines.ts";
import { sections } from "../doctor/finding.ts";
import { mayRead } from "./access.ts";
import { History, stepMs } from "./history.ts";
import { lossBound } from "./loss-bound.ts";
import { Metrics } from "./metrics.ts";
import { renderStatusPage } from "./page.tsx";
import { isStale, type Survey, sentenceOf, type WorkerState } from "./state.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);
const memory = {
  usedBytes: 1e6,
  limitBytes: 64e6,
  evictions: 0,
  mayEvict: false,
  outOfMemory: 0,
};
const books = {
  accepted: 1_012,
  counted: 1_009,
  waiting: 1,
  replaced: 0,
  withdrawn: 0,
  duplicate: 2,
  setAside: 0,
  lost: 0,
  repeated: 0,
  balanced: true,
};
const summary = {
  commits: 1,
  slots: 2,
  counted: 700,
  duplicates: 3,
  redelivered: 0,
  replaced: 0,
  repeated: 0,
  letters: 0,
  holes: 0,
  waiting: 0,
  unreachable: [],
  sawEverything: true,
};

const state = (change: Partial<WorkerState> = {}): WorkerState => ({
  startedAtMs: now - 60_000,
  passes: 3,
  kickstarts: 1,
  lastPass: { summary, atMs: now - 500, ms: 12 },
  lastError: undefined,
  ...change,
});

const survey = (slots: number, waitedMs = 0, change: Partial<Survey> = {}): Survey => ({
  atMs: now,
  servers: [
    {
      name: "127.0.0.1:11211",
      holdsQueues: true,
      memory,
      lanes: [
        {
          server: "127.0.0.1:11211",
          lane: "normal",
          slots,
          oldestAtMs: slots > 0 ? now - waitedMs : undefined,
        },
      ],
    },
  ],
  lanesRefused: [],
  ...change,
});

const servers = (those: Survey["servers"]): Survey => survey(0, 0, { servers: those });

describe("the state in a sentence", () => {
  const told = (...args: Parameters<typeof sentenceOf>) => {
    const { tone, text } = sentenceOf(...args);
    return `${tone}: ${text}`;
  };

  it("is calm when nothing waits, and about a moment's wait", () => {
    assert.equal(told(state(), survey(0), 0), "good: All is well: nothing waits.");
    assert.match(
      told(state(), survey(3, 900), 5),
      /^good: All is well. 3 slots .* for 1 second\.$/,
    );
  });

  it("names a backlog and how long it takes", () => {
    assert.equal(
      told(state(), survey(6_000, 90_000), 100),
      "warn: There is a backlog. 6,000 slots of ballots wait, the oldest for 90 seconds. At this rate it is flushed in 60 seconds.",
    );
    assert.doesNotMatch(told(state(), survey(6_000, 90_000), 0), /rate/);
  });

  it("says whose votes are refused while memory runs out", () => {
    const failing = state({ lastError: { atMs: now, error: { error: "mysql: ECONNREFUSED" } } });
    const refused = (...lanesRefused: Lane[]) =>
      told(failing, survey(9, 5_000, { lanesRefused }), 0);
    assert.doesNotMatch(refused(), /refused/);
    assert.match(refused("low"), / filling up: votes of the low lane are refused\.$/);
    assert.match(refused("normal", "low"), / votes of the normal and low lane are refused\.$/);
    assert.match(refused("high", "normal", "low"), / full: all votes are refused\.$/);
  });

  it("says what is wrong, worst first", () => {
    const failing = state({ lastError: { atMs: now, error: { error: "mysql: ECONNREFUSED" } } });
    assert.match(
      told(failing, survey(1, 20_000), 0),
      /^bad: .*not getting into MySQL\. They are kept/,
    );
    const stale = state({ lastPass: { summary, atMs: now - 20_000, ms: 1 } });
    assert.equal(isStale(stale, now), true);
    assert.match(told(stale, survey(0), 0), /^bad: No pass has finished/);
    const away = servers([{ name: "m:1", holdsQueues: true, memory: undefined, lanes: [] }]);
    assert.match(told(state(), away, 0), /^bad: memcached at m:1 can't be reached/);
  });
});

describe("memory, in the sentence", () => {
  const told = (change: Partial<typeof memory>, holdsQueues = true) => {
    const name = "m:1";
    const it = servers([{ name, holdsQueues, memory: { ...memory, ...change }, lanes: [] }]);
    const { tone, text } = sentenceOf(state(), it, 0);
    return `${tone}: ${text}`;
  };

  it("is an alarm where votes wait and may be thrown away, or were", () => {
    assert.match(
      told({ evictions: 3, mayEvict: true }),
      /^bad: memcached at m:1 has thrown things/,
    );
    assert.match(told({ mayEvict: true }), /^bad: memcached at m:1 runs without -M/);
    assert.match(told({ usedBytes: 60e6 }), /^warn: memcached at m:1 is nearly full\./);
  });

  it("is none where everything can be made again", () => {
    assert.match(told({ evictions: 3, mayEvict: true }, false), /^good: All is well/);
  });
});

describe("what could be lost now", () => {
  const [server] = survey(2, 700).servers;
  assert.ok(server);
  const gone = { ...server, name: "m:2", memory: undefined, lanes: [] };

  it("is what waits, when there is one copy", () => {
    const bound = lossBound(survey(2, 700), 1, books);
    assert.deepEqual(
      [bound.copies, bound.slots, bound.ballots, bound.oldestWaitMs],
      [1, 2, 1, 700],
    );
    assert.match(
      bound.sentence,
      /one copy of each vote\. .* 2 slots, about 1 ballot, the oldest 1 second old\.$/,
    );
    assert.match(lossBound(survey(2), 1, undefined).sentence, /now: 2 slots, the oldest/);
    assert.match(lossBound(survey(0), 1, books).sentence, /nothing would be lost now/);
  });

  it("is nothing with two copies, unless a server is away", () => {
    const two = servers([server, { ...server, name: "m:2" }]);
    assert.match(lossBound(two, 2, books).sentence, /on two servers/);
    const one = lossBound(servers([server, gone]), 2, books);
    assert.equal(one.copies, 1);
    assert.match(one.sentence, /one copy of each vote while a server is away/);
    assert.match(lossBound(servers([gone]), 1, books).sentence, /straight into MySQL/);
  });
});

describe("the history", () => {
  it("sums up steps of ten seconds, and forgets what is older than a quarter of an hour", () => {
    const history = new History();
    history.add(now - 15 * 60_000, { ballots: 9, commits: 1, slots: 1 });
    history.add(now, { ballots: 5, commits: 1, slots: 30 });
    history.add(now + 10, { ballots: 6, commits: 1, slots: 30 });
    const series = history.series(now);
    assert.equal(series.length, 90);
    assert.deepEqual(series.at(-1), { ballots: 11, commits: 2, slots: 60 });
    assert.equal(
      series.reduce((sum, { ballots }) => sum + ballots, 0),
      11,
    );
    assert.equal(history.slotsPerSecond(now), 1);
    assert.equal(history.slotsPerSecond(now + 6 * stepMs), 0);
  });
});

describe("the page", () => {
  const page = (lines: readonly string[], filter = "") =>
    renderStatusPage({
      state: state(),
      survey: survey(2, 1_000),
      series: new History().series(now),
      slotsPerSecond: 1,
      books,
      copies: 1,
      lines,
      filter,
    });

  it("shows both sides of the books, lost too when nothing is", () => {
    const text = page([])
      .replaceAll(/<[^>]+>/g, " ")
      .replaceAll(/\s+/g, " ");
    assert.match(
      text,
      /Accepted 1,012 Counted = 1,009 Replaced \+ 0 Withdrawn \+ 0 Waiting \+ 1 Duplicate \+ 2 Set aside \+ 0 Lost \+ 0 /,
    );
  });

  it("escapes whatever is in a log line or in the filter", () => {
    const evil = `</pre><script>alert("1")</script>`;
    const html = page([evil], `"><img src=x onerror=alert(1)>`);
    assert.ok(!html.includes("<script"), "no script gets in");
    assert.ok(!html.includes("<img"), "no element gets in");
    assert.ok(html.includes("&lt;/pre&gt;&lt;script&gt;"));
  });

  it("has no script of its own", () => {
    assert.ok(!/<script|onclick|javascript:/i.test(page(["a line"])));
  });

  it("shows the newest lines first, and the last thousand at most", () => {
    const lines = new LogLines(1_000);
    for (let i = 0; i < 5_000; i++) lines.write(`line ${i}\n`);
    assert.equal(lines.find("").length, 1_000);
    assert.equal(lines.find("")[0], "line 4000");
    assert.deepEqual(lines.find("LINE 4999"), ["line 4999"]);
    const html = page(lines.find("499"));
    assert.ok(html.indexOf("line 4999") < html.indexOf("line 4990"));
  });
});

describe("who may read the pages", () => {
  const basic = (password: string) =>
    `Basic ${Buffer.from(`anybody:${password}`).toString("base64")}`;
  const ask = (host: string | undefined, authorization?: string, token?: string) =>
    mayRead({ host, authorization }, token);

  it("on loopback: who names it so, not who comes by a foreign name", () => {
    for (const host of ["localhost:3001", "127.0.0.1", "[::1]:3001"]) assert.ok(ask(host), host);
    for (const host of ["rebound.example:3001", "", undefined, "localhost.evil.example"]) {
      assert.ok(!ask(host), host);
    }
  });

  it("elsewhere: who has the token", () => {
    const token = "0123456789abcdef";
    assert.ok(ask("worker.example", `Bearer ${token}`, token));
    assert.ok(ask("worker.example", basic(token), token));
    for (const wrong of [
      undefined,
      "",
      "Bearer",
      `Bearer ${token}0`,
      `Basic ${token}`,
      basic(""),
    ]) {
      assert.ok(!ask("localhost", wrong, token), String(wrong));
    }
  });
});

describe("monitoring", () => {
  it("asks for metrics that there are", async () => {
    const metrics = new Metrics();
    metrics.passed(summary, 10, "kickstart", now);
    const text = await metrics.expose(survey(1, 1_000), {
      ...books,
      balanced: false,
    });
    const exposed = new Set([...text.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(match => match[1]));
    for (const file of ["alerts.yml", "grafana-dashboard.json"]) {
      const asked = readFileSync(`docs/monitoring/${file}`, "utf8").match(/floodgate_[a-z_]+/g);
      assert.ok(asked && asked.length > 5, file);
      for (const name of asked) assert.ok(exposed.has(name), `${file} asks for ${name}`);
    }
  });

  it("has a section of the runbook for each alert and for each finding of the doctor", () => {
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

  it("has rules that Prometheus understands", t => {
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
