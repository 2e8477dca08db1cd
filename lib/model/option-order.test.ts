import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OptionNumber, PollId } from "./ids.ts";
import { optionsInOrder } from "./option-order.ts";

const option = (number: number, pinned: boolean) => ({
  number: number as OptionNumber,
  label: `${number}`,
  pinned,
});
const options = [option(1, false), option(2, true), option(3, false), option(4, false)];
const poll = { id: 7 as PollId, optionOrder: "random" as const, options };
const drawn = (nowMs: number) => optionsInOrder(poll, nowMs).map(({ number }) => number);

describe("the order of options", () => {
  it("the order of options is the editor's unless the poll has a random order", () => {
    assert.equal(optionsInOrder({ ...poll, optionOrder: "fixed" }, 1), options);
  });

  it("the order of options is the same for every reader within a second", () => {
    assert.deepEqual(drawn(5_000), drawn(5_999));
  });

  it("the order of options gives each option every position about equally often, and pinned options the last ones", () => {
    const first = new Map<number, number>();
    for (let second = 0; second < 3_000; second++) {
      const order = drawn(second * 1_000);
      assert.equal(order.at(-1), 2);
      assert.deepEqual([...order].sort(), [1, 2, 3, 4]);
      first.set(order[0] ?? 0, (first.get(order[0] ?? 0) ?? 0) + 1);
    }
    for (const count of first.values()) assert.ok(count > 880 && count < 1_120, `${count}`);
  });
});
