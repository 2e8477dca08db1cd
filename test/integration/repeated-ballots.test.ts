/**
 * A ballot that was sent again, and another one of the same voter that a front received in between: the first ballot
 * stands, in whatever order they reach MySQL, and rows and totals agree.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Ballot } from "#lib/model/ballot.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { Row } from "#lib/store/database.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

interface ChoicesRow extends Row {
  readonly choices: Buffer;
}

const bench = await startFlushBench();
const firstMs = Date.now() - 1_000;

/** Flushes the lists of ballots one after the other; returns the rows and totals afterwards. */
async function standingAfter(flushes: (id: PollId) => readonly Ballot[][]) {
  const id = await bench.newPoll();
  for (const ballots of flushes(id)) {
    for (const each of ballots) await bench.enqueue(bench.producer(), batch([each]));
    await bench.newFlusher().pass();
  }
  const rows = await bench.store.rows<ChoicesRow>(
    "test.choices",
    "SELECT choices FROM ballots WHERE poll_id = ?",
    [id],
  );
  const { ballots, votes } = await bench.totals(id);
  return { rows: rows.map(({ choices }) => [...choices]), ballots, votes };
}

/** The first ballot, the other one, and the first sent again. */
function threeOf(id: PollId): { first: Ballot; other: Ballot; again: Ballot } {
  const first = ballot(id, { receivedAtMs: firstMs });
  const { voter } = first;
  const other = ballot(id, { voter, receivedAtMs: firstMs + 10, choices: Uint8Array.of(3) });
  return { first, other, again: { ...first, receivedAtMs: firstMs + 20 } };
}

const expected = { rows: [[1]], ballots: 1, votes: [1, 0, 0, 0] };

describe("a ballot that is sent again", () => {
  it("a ballot that is sent again stands when its first copy and the other ballot arrive later, in one flush", async () => {
    const standing = await standingAfter(id => {
      const { first, other, again } = threeOf(id);
      return [[again], [first, other]];
    });
    assert.deepEqual(standing, expected);
  });

  it("a ballot that is sent again stands when its first copy arrives later, and then the other ballot", async () => {
    const standing = await standingAfter(id => {
      const { first, other, again } = threeOf(id);
      return [[again], [first], [other]];
    });
    assert.deepEqual(standing, expected);
  });

  it("a ballot that is sent again stands in every other order of arrival", async () => {
    const orders = [
      ["again", "other", "first"],
      ["other", "again", "first"],
      ["other", "first", "again"],
      ["first", "again", "other"],
    ] as const;
    for (const order of orders) {
      const standing = await standingAfter(id => {
        const three = threeOf(id);
        return order.map(name => [three[name]]);
      });
      assert.deepEqual(standing, expected, order.join());
    }
  });
});
