import assert from "node:assert/strict";
import { it } from "node:test";
import { refusedItems } from "./memory-stats.ts";

it("refusedItems adds up the refusals of every slab class, and ignores other statistics", () => {
  const items = new Map([
    ["items:1:outofmemory", "2"],
    ["items:38:outofmemory", "40"],
    ["items:38:evicted", "7"],
    ["outofmemory_total", "9"],
  ]);
  assert.equal(refusedItems(items), 42);
});
