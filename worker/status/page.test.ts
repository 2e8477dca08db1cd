/** The worker's page without servers: what is on it, what can't get in, and who may read it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogLines } from "#lib/base/log-lines.ts";
import { books, now, state, survey } from "#test/support/worker-status.ts";
import { mayRead } from "./access.ts";
import { History } from "./history.ts";
import { renderStatusPage } from "./page.tsx";

describe("the status page", () => {
  const page = (lines: readonly string[], filter = "") =>
    renderStatusPage({
      state: state(),
      survey: survey(2, 1_000),
      series: new History().series(now),
      slotsPerSecond: 1,
      books,
      openLetters: undefined,
      copies: 1,
      lines,
      filter,
    });

  it("the status page shows both sides of the books, and Lost even when it is 0", () => {
    const text = page([])
      .replaceAll(/<[^>]+>/g, " ")
      .replaceAll(/\s+/g, " ");
    assert.match(
      text,
      /Accepted 1,012 Counted = 1,009 Replaced \+ 0 Withdrawn \+ 0 Waiting \+ 1 Duplicate \+ 2 Set aside \+ 0 Lost \+ 0 /,
    );
  });

  it("the status page escapes log lines and the filter", () => {
    const evil = `</pre><script>alert("1")</script>`;
    const html = page([evil], `"><img src=x onerror=alert(1)>`);
    assert.ok(!html.includes("<script"), "no script gets in");
    assert.ok(!html.includes("<img"), "no element gets in");
    assert.ok(html.includes("&lt;/pre&gt;&lt;script&gt;"));
  });

  it("the status page contains no script", () => {
    assert.ok(!/<script|onclick|javascript:/i.test(page(["a line"])));
  });

  it("the status page shows at most the last 1000 log lines, newest first", () => {
    const lines = new LogLines(1_000);
    for (let i = 0; i < 5_000; i++) lines.write(`line ${i}\n`);
    assert.equal(lines.find("").length, 1_000);
    assert.equal(lines.find("")[0], "line 4000");
    assert.deepEqual(lines.find("LINE 4999"), ["line 4999"]);
    const html = page(lines.find("499"));
    assert.ok(html.indexOf("line 4999") < html.indexOf("line 4990"));
  });
});

describe("access to the worker's pages", () => {
  const basic = (password: string) =>
    `Basic ${Buffer.from(`anybody:${password}`).toString("base64")}`;
  const ask = (host: string | undefined, authorization?: string, token?: string) =>
    mayRead({ host, authorization }, token);

  it("mayRead on loopback accepts loopback's Host headers and refuses foreign ones", () => {
    for (const host of ["localhost:3001", "127.0.0.1", "[::1]:3001"]) assert.ok(ask(host), host);
    for (const host of ["rebound.example:3001", "", undefined, "localhost.evil.example"]) {
      assert.ok(!ask(host), host);
    }
  });

  it("mayRead on other addresses accepts only the token", () => {
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
