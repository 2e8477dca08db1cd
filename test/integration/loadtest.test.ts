/** The load test's verdict: its status says whether the books balance, for scripts that run it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { Site } from "#test/support/site.ts";

describe("the load test", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ workers: 0 });
  });
  after(() => site?.stop());

  async function loadTest(settleSeconds: number) {
    const { apiToken } = site.seeded.editor;
    const load = ["--ballots", "200", "--connections", "10", "--settle", String(settleSeconds)];
    const where = ["--url", site.url, "--token", apiToken, "--database", site.database.url];
    const args = ["--import", "tsx", "scripts/loadtest.ts", ...load, ...where];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const [status] = await once(child, "close");
    return { status, printed };
  }

  it("the load test fails when an accepted ballot is not in MySQL", async () => {
    const { status, printed } = await loadTest(1);
    assert.match(printed, /lost 200, .*\n.*THE BOOKS DO NOT BALANCE/);
    assert.equal(status, 1);
  });

  it("the load test succeeds when every accepted ballot is in MySQL once", async () => {
    await site.addWorker();
    const { status, printed } = await loadTest(60);
    assert.match(printed, /the books balance/, printed);
    assert.equal(status, 0);
  });
});
