import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Window } from "./window.ts";
import { WindowAhead } from "./window-ahead.ts";

function windowTo(last: number, missing: readonly number[] = []): Window {
  return {
    last,
    slots: [],
    copies: [],
    letters: [],
    tombstones: new Set(),
    missing: new Set(missing),
  };
}

/** Gives these windows, one after the other, and remembers behind which slots it was asked for them. */
function reader(...windows: readonly (Window | Error)[]) {
  const asked: number[] = [];
  const ahead = new WindowAhead(async after => {
    const window = windows[asked.push(after) - 1];
    if (!window || window instanceof Error) throw window ?? new RangeError("asked too often");
    return window;
  });
  return { ahead, asked };
}

describe("the window ahead", () => {
  it("is what was read early, once", async () => {
    const [early, late] = [windowTo(20), windowTo(30)];
    const { ahead, asked } = reader(early, late);
    ahead.begin(10, 30);
    assert.equal(await ahead.take(10, 30), early);
    assert.equal(await ahead.take(10, 30), late);
    assert.deepEqual(asked, [10, 10]);
  });

  it("is read anew when another one is wanted after all", async () => {
    const { ahead, asked } = reader(windowTo(20), windowTo(15));
    ahead.begin(10, 30);
    assert.equal((await ahead.take(5, 30)).last, 15);
    assert.deepEqual(asked, [10, 5]);
  });

  it("is read anew when a slot was missing: it may have come since", async () => {
    const whole = windowTo(20);
    const { ahead } = reader(windowTo(20, [13]), whole);
    ahead.begin(10, 30);
    assert.equal(await ahead.take(10, 30), whole);
  });

  it("is read anew after it was forgotten", async () => {
    const late = windowTo(20);
    const { ahead } = reader(windowTo(20), late);
    ahead.begin(10, 30);
    ahead.forget();
    assert.equal(await ahead.take(10, 30), late);
  });

  it("fails when it is taken, not when it is begun", async () => {
    const { ahead } = reader(new Error("away"), new Error("still away"));
    ahead.begin(10, 30);
    await assert.rejects(ahead.take(10, 30), /still away/);
  });
});
