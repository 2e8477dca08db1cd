import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFloodgateError } from "../base/errors.ts";
import type { Store } from "../store/database.ts";
import { PollSearch } from "./poll-search.ts";

/** A MySQL that answers each query once `answer` is called, and the search before it. */
function searchOver({ isMysqlUp = true } = {}) {
  const waiting: (() => void)[] = [];
  let queries = 0;
  const rows = () => {
    queries += 1;
    return new Promise<never[]>(resolve => waiting.push(() => resolve([])));
  };
  const search = new PollSearch({
    store: { rows } as unknown as Store,
    clock: { nowMs: () => 0 },
    isMysqlUp: () => isMysqlUp,
  });
  const answer = () => {
    for (const each of waiting.splice(0)) each();
  };
  return { search, answer, queries: () => queries };
}

const isRefused = (error: unknown) => isFloodgateError(error, "overloaded");

describe("readers' searches", () => {
  it("equal searches at the same time, and shortly after, cost one query", async () => {
    const { search, answer, queries } = searchOver();
    const found = Promise.all([search.find({ text: "cars" }), search.find({ text: "cars" })]);
    answer();
    await found;
    await search.find({ text: "cars" });
    assert.equal(queries(), 1);
  });

  it("a third search is refused while two are under way, and a fourth within a second", async t => {
    t.mock.method(performance, "now", () => 1_000);
    const { search, answer, queries } = searchOver();
    const two = [search.find({ text: "a" }), search.find({ text: "b" })];
    await assert.rejects(search.find({ text: "c" }), isRefused);
    answer();
    await Promise.all(two);
    const third = search.find({ text: "c" });
    answer();
    await third;
    await assert.rejects(search.find({ text: "d" }), isRefused);
    assert.equal(queries(), 3);
  });

  it("searches are refused without a query while MySQL is away", async () => {
    const { search, queries } = searchOver({ isMysqlUp: false });
    await assert.rejects(search.find({ text: "cars" }), isRefused);
    assert.equal(queries(), 0);
  });
});
