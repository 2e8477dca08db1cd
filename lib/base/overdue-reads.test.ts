import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "./clock.ts";
import { OverdueReads } from "./overdue-reads.ts";

describe("OverdueReads", () => {
  it("a read that ends in time gives its value, and fails its callers when it fails", async () => {
    const reads = new OverdueReads<string, number>();
    assert.equal(await reads.soon("a", async () => 1, 10_000), 1);
    const failing = reads.soon("a", () => Promise.reject(new Error("away")), 10_000);
    await assert.rejects(failing, /away/);
    assert.equal(reads.anyOverdue, false);
  });

  it("only the first caller waits for a read that hangs, and its late failure fails nobody", async () => {
    const reads = new OverdueReads<string, number>();
    let fail = (_error: Error): void => {};
    const hanging = new Promise<number>((_, reject) => {
      fail = reject;
    });
    let started = 0;
    const work = () => {
      started += 1;
      return hanging;
    };
    assert.equal(await reads.soon("a", work, 1), undefined);
    assert.equal(reads.anyOverdue, true);
    assert.equal(await reads.soon("a", work, 1_000_000), undefined);
    assert.equal(started, 1);
    fail(new Error("away"));
    await sleep(0);
    assert.equal(reads.anyOverdue, false);
    assert.equal(await reads.soon("a", async () => 2, 10_000), 2);
  });

  it("a caller that may not wait starts the read and gets nothing", async () => {
    const reads = new OverdueReads<string, number>();
    let started = 0;
    const work = async () => (started += 1);
    assert.equal(await reads.soon("a", work, 0), undefined);
    assert.equal(started, 1);
  });
});
