import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFloodgateError } from "../base/errors.ts";
import { PictureCache } from "./picture-cache.ts";

/** A way to draw that ends when it is told to, and counts how many are drawing. */
function pencil() {
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

describe("drawings", () => {
  it("are drawn once for all who ask, and kept", async () => {
    const drawings = new PictureCache();
    const { at, draw, finishAll } = pencil();
    const asked = Array.from({ length: 100 }, () => drawings.get("a", "1", draw));
    await finishAll();
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    await drawings.get("a", "1", draw);
    assert.equal(at.drawn, 1);
  });

  it("are drawn one at a time, and not for a crowd of names", async () => {
    const drawings = new PictureCache();
    const { at, draw, finishAll } = pencil();
    const asked = Array.from({ length: 30 }, (_, name) => drawings.get(String(name), "1", draw));
    const settled = Promise.allSettled(asked);
    await finishAll();
    const refused = (await settled).filter(
      answer => answer.status === "rejected" && isFloodgateError(answer.reason, "overloaded"),
    );
    assert.equal(at.atOnceMax, 1);
    assert.equal(at.drawn + refused.length, 30);
    assert.ok(refused.length > 20, `${refused.length} were told to come back`);
  });

  it("lag a little behind what moves", async () => {
    const drawings = new PictureCache();
    const { at, draw, finishAll } = pencil();
    const first = drawings.get("a", "1", draw);
    await finishAll();
    assert.equal(await drawings.get("a", "2", draw), await first);
    assert.equal(at.drawn, 1);
  });

  it("go on after one that failed", async () => {
    const drawings = new PictureCache();
    const { draw, finishAll } = pencil();
    await assert.rejects(drawings.get("a", "1", () => Promise.reject(new Error("no ink"))));
    const next = drawings.get("a", "1", draw);
    await finishAll();
    assert.equal((await next).contents, "1");
  });
});
