import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type LaneFacts, parseLaneRules } from "./lane-rules.ts";

const plain: LaneFacts = {
  cookie: "",
  uri: "/api/polls/cars/votes",
  host: "news.example",
  poll: "cars",
  pollLane: "normal",
};
const rules = (content: object, path = "lanes.json") =>
  parseLaneRules(JSON.stringify(content), path);

describe("lane rules", () => {
  it("without rules the poll's own lane decides", () => {
    const { laneOf } = rules({});
    assert.equal(laneOf(plain), "normal");
    assert.equal(laneOf({ ...plain, pollLane: "low" }), "low");
  });

  it("a ballot with the cookie of high_priority_cookie is high", () => {
    const { laneOf } = rules({ high_priority_cookie: "hp", high_priority_cookie_contents: "yes" });
    const lane = (cookie: string) => laneOf({ ...plain, cookie });
    for (const same of ["a=1; hp=yes; b=2", 'hp="yes"', "hp=ye%73"]) {
      assert.equal(lane(same), "high", same);
    }
    for (const other of ["hp=no", "hp=yess", "xhp=yes", "hp", "b=hp=yes"]) {
      assert.equal(lane(other), "normal", other);
    }
    assert.equal(
      rules({ high_priority_cookie: "hp" }).laneOf({ ...plain, cookie: "hp=x" }),
      "high",
    );
  });

  it("the first matching rule decides", () => {
    const { laneOf } = rules({
      rules: [
        { lane: "low", uri: "^/api/polls/test-" },
        { lane: "high", host: "^vip\\." },
        { by: "poll" },
      ],
    });
    assert.equal(laneOf({ ...plain, uri: "/api/polls/test-1/votes", host: "vip.example" }), "low");
    assert.equal(laneOf({ ...plain, host: "vip.example", pollLane: "low" }), "high");
    assert.equal(laneOf({ ...plain, pollLane: "low" }), "low");
  });

  it("a rules file with an error is refused", () => {
    const wrong = (content: object) => {
      assert.throws(() => rules(content), RangeError, JSON.stringify(content));
    };
    wrong({ queue_relief_chance: 101 });
    wrong({ queue_relief_size: -1 });
    wrong({ queue_releif_size: 5 });
    wrong({ rules: [{ lane: "highest", uri: "x" }] });
    wrong({ rules: [{ lane: "high", uri: "(" }] });
    wrong({ rules: [{ lane: "high" }] });
    wrong({ rules: [{ by: "plugin", module: "./not-there.mjs" }] });
    assert.throws(() => parseLaneRules("{", "lanes.json"), /not JSON/);
  });

  it("the message about a rules file names the rule, its part and its mistake", () => {
    const message = (content: object) => {
      try {
        rules(content);
      } catch (error) {
        return error instanceof RangeError ? error.message : "";
      }
      return "it was accepted";
    };
    assert.match(message({ rules: [{ lane: "top", uri: "x" }] }), /^rules\.0\.lane: .*"high"/);
    assert.match(message({ rules: [{ lane: "high", uri: "(" }] }), /^rules\.0\.uri: .*regular/);
    assert.match(message({ rules: [{ lane: "high", uri: "x", x: 1 }] }), /^rules\.0: .*"x"/);
    assert.match(message({ rules: [{ lane: "high" }] }), /^rules\.0: it needs "cookie"/);
    assert.match(message({ rules: [{ by: "chance" }] }), /^rules\.0\.by: .*"poll"/);
    assert.match(
      message({ high_priority_cookie_contents: "yes" }),
      /^high_priority_cookie_contents: it needs high_priority_cookie$/,
    );
  });

  it("a rules file may begin with a byte order mark", () => {
    assert.equal(parseLaneRules("\uFEFF{}", "lanes.json").laneOf(plain), "normal");
  });

  it("a plugin decides, and a plugin that throws does not match", () => {
    const folder = mkdtempSync(join(tmpdir(), "floodgate-lanes-"));
    after(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, "plugin.mjs"),
      `export default ({ poll }) => {
        if (poll === "broken") throw new Error("a bug");
        return poll === "cars" ? "high" : "nonsense";
      };`,
    );
    const { laneOf } = rules(
      { rules: [{ by: "plugin", module: "./plugin.mjs" }] },
      join(folder, "lanes.json"),
    );
    assert.equal(laneOf(plain), "high");
    assert.equal(laneOf({ ...plain, poll: "boats" }), "normal");
    assert.equal(laneOf({ ...plain, poll: "broken" }), "normal");
  });
});
