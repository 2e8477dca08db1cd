import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFloodgateError } from "../base/errors.ts";
import { PictureCache } from "./picture-cache.ts";

/** A `draw` that ends when the test says so, and counts how many run at once. */
function slowDraw() {
  const at = { drawn: 0, atOnce: 0, atOnceMax: 0 };
  const finish: (() => void)[] = [];
  const draw = async () => {
    at.atOnce += 1;
    at.atOnceMax = Math.max(at.atOnceMax, at.atOnce);
    await new Promise<void>(resolve => finish.push(resolve));
    at.atOnce -= 1;
    at.drawn += 1;
    return Buffer.from(`picture ${at.drawn}`);
  };
  const finishAll = async () => {
    for (let turn = 0; turn < 50; turn++) {
      finish.shift()?.();
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  return { at, draw, finishAll };
}

describe("the picture cache", () => {
  it("the picture cache draws a picture once for concurrent requests, and keeps it", async () => {
    const cache = new PictureCache();
    const { at, draw, finishAll } = slowDraw();
    const asked = Array.from({ length: 100 }, () => cache.get("a", "1", draw));
    await finishAll();
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    await cache.get("a", "1", draw);
    assert.equal(at.drawn, 1);
  });

  it("the picture cache draws one picture at a time, and refuses requests when too many wait", async () => {
    const cache = new PictureCache();
    const { at, draw, finishAll } = slowDraw();
    const asked = Array.from({ length: 30 }, (_, name) => cache.get(String(name), "1", draw));
    const settled = Promise.allSettled(asked);
    await finishAll();
    const refused = (await settled).filter(
      answer => answer.status === "rejected" && isFloodgateError(answer.reason, "overloaded"),
    );
    assert.equal(at.atOnceMax, 1);
    assert.equal(at.drawn + refused.length, 30);
    assert.ok(refused.length > 20, `${refused.length} were refused`);
  });

  it("the picture cache gives a picture of a few seconds ago when the contents have changed", async () => {
    const cache = new PictureCache();
    const { at, draw, finishAll } = slowDraw();
    const first = cache.get("a", "1", draw);
    await finishAll();
    assert.equal(await cache.get("a", "2", draw), await first);
    assert.equal(at.drawn, 1);
  });

  it("the picture cache draws the next picture after one that failed", async () => {
    const cache = new PictureCache();
    const { draw, finishAll } = slowDraw();
    await assert.rejects(cache.get("a", "1", () => Promise.reject(new Error("no ink"))));
    const next = cache.get("a", "1", draw);
    await finishAll();
    assert.equal((await next).contents, "1");
  });
});
