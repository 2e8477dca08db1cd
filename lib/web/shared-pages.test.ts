import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "../base/clock.ts";
import { prepareResponse } from "../http/prepared-response.ts";
import { SharedPages } from "./shared-pages.ts";

const page = (text: string) => prepareResponse(200, { ETag: `"${text}"` }, Buffer.from(text));

describe("shared pages", () => {
  it("shared pages are made once for concurrent requests and for those within the next second", async () => {
    const pages = new SharedPages();
    let made = 0;
    const make = async () => {
      made += 1;
      await sleep(5);
      return page(`page ${made}`);
    };
    const asked = await Promise.all([
      pages.get("a", "1", make),
      pages.get("a", "1", make),
      pages.get("a", "1", make),
    ]);
    assert.equal(made, 1);
    assert.equal(new Set(asked).size, 1);
    assert.equal(await pages.get("a", "1", make), asked[0]);
    assert.equal(made, 1);
  });

  it("shared pages are made again from another basis, and after a second", async t => {
    const pages = new SharedPages();
    let made = 0;
    const make = () => page(`page ${++made}`);
    const first = await pages.get("a", "open", make);
    assert.equal(pages.fresh("a", "open"), first);
    assert.equal(pages.fresh("a", "closed"), undefined);
    assert.notEqual(await pages.get("a", "closed", make), first);
    assert.notEqual(await pages.get("b", "closed", make), pages.fresh("a", "closed"));
    const now = performance.now();
    t.mock.method(performance, "now", () => now + 1_100);
    assert.equal(pages.fresh("a", "closed"), undefined);
  });

  it("shared pages are made again after a failure", async () => {
    const pages = new SharedPages();
    const fails = () => Promise.reject(new Error("away"));
    await assert.rejects(pages.get("a", "1", fails), /away/);
    assert.equal((await pages.get("a", "1", () => page("back"))).status, 200);
  });

  it("shared pages stay within 32 MiB", async () => {
    const pages = new SharedPages();
    const large = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 100; i++)
      await pages.get(`${i}`, "", () => prepareResponse(200, {}, large));
    const kept = Array.from({ length: 100 }, (_, i) => pages.fresh(`${i}`, "")).filter(Boolean);
    assert.ok(kept.length > 0 && kept.length <= 32, String(kept.length));
  });
});
