/** Published runoffs of polls with a tie that nothing decides. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commitDirectly } from "#lib/flush/direct.ts";
import { tallyKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import type { TallyDeps } from "#lib/rebuild/rebuild.ts";
import { publishRunoffs, readRunoff } from "#lib/results/published-runoff.ts";
import { pollsById } from "#lib/store/polls.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const placement = new Placement([bench.client], 1);
const deps = { ...bench.deps, placement } as unknown as TallyDeps;
const minuteMs = 60_000;

/** A final poll with five ballots for option 1 before 2, and five for 2 before 1. */
async function finalTie(finalizedAtMs: number): Promise<PollId> {
  const id = await bench.newPoll();
  await bench.store.write(
    "test.ranked",
    "UPDATE polls SET kind = 'ranked', choices_max = 4 WHERE id = ?",
    [id],
  );
  const ballots = Array.from({ length: 10 }, (_, index) =>
    ballot(id, { kind: "ranked", choices: Uint8Array.from(index < 5 ? [1, 2] : [2, 1]) }),
  );
  const { fates } = await commitDirectly(bench.store, batch(ballots), true, Date.now());
  assert.equal(fates.length, ballots.length);
  await bench.store.write("test.final", "UPDATE polls SET finalized_at = ? WHERE id = ?", [
    new Date(finalizedAtMs),
    id,
  ]);
  return id;
}

const published = (id: PollId) => readRunoff(placement, keyOfId(id));

const publish = async (...ids: readonly PollId[]) =>
  publishRunoffs(deps, await pollsById(bench.store, ids));

describe("ties of ranked polls", () => {
  it("a tie stays as release 0.2.0 published it in its final results, and is a tie in later ones", async () => {
    const nowMs = Date.now();
    const earlier = await finalTie(nowMs - 2 * minuteMs);
    await bench.store.write(
      "test.upgraded",
      "REPLACE INTO migrations VALUES ('0007-server-lists.sql', FALSE, ?, ?)",
      [new Date(nowMs - minuteMs), new Date(nowMs)],
    );
    const later = await finalTie(nowMs);
    await publish(earlier, later);
    const [old, latest] = [await published(earlier), await published(later)];
    assert.equal(old?.winner, "1");
    assert.equal(old?.rounds.at(-2)?.tie?.decidedBy, "page_order");
    assert.deepEqual([latest?.winner, latest?.tied], [null, ["1", "2"]]);
  });

  it("a runoff that release 0.2.0 published is computed anew, once", async () => {
    const id = await finalTie(Date.now());
    await publish(id);
    const first = await published(id);
    const { rules: _, ...written } = first ?? {};
    const p = new Pipeline();
    p.overwrite(tallyKey(keyOfId(id), "i"), JSON.stringify({ ...written, winner: "1" }), 0);
    await bench.client.send(p);
    await publish(id);
    const second = await published(id);
    assert.equal(second?.winner, null);
    await publish(id);
    assert.equal((await published(id))?.computedAtMs, second?.computedAtMs);
  });
});
