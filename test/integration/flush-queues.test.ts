/** The flush on a real memcached and a real MariaDB, slot by slot. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { epochKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { queueName } from "#lib/queue/queue-names.ts";
import { isTombstone } from "#lib/queue/slot-codec.ts";
import { publishCheckpoint, readCheckpoints, readQueues, readSlots } from "#lib/queue/slots.ts";
import { Store } from "#lib/store/database.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const { newFlusher, newPoll, producer, enqueue, totals, count, client } = bench;

/** The number of slots in memcached, without tombstones: those stay until they expire. */
async function slotsLeft(): Promise<number> {
  const states = await readQueues(
    client,
    [0, 1, 2, 3].map(home => queueName("normal", home)),
  );
  let left = 0;
  for (const { queue, epoch, pointer } of states) {
    const numbers = Array.from({ length: pointer }, (_, i) => i + 1);
    const found = await readSlots(client, queue, epoch, numbers);
    left += [...found.values()].filter(bytes => !isTombstone(bytes)).length;
  }
  return left;
}

describe("a flush", () => {
  it("a flush moves ballots, totals and checkpoint together, and deletes the slots", async () => {
    const poll = await newPoll();
    await enqueue(
      producer(),
      batch([ballot(poll), ballot(poll, { choices: Uint8Array.of(2, 3) })]),
    );
    await enqueue(producer(), batch([ballot(poll)]));
    const summary = await newFlusher().pass();
    assert.equal(summary.counted, 3);
    assert.equal(summary.waiting, 0);
    assert.deepEqual(await totals(poll), { ballots: 3, duplicates: 0, votes: [2, 1, 1, 0] });
    assert.equal(await slotsLeft(), 0);
  });

  it("a flush publishes the checkpoint of a worker that died between its commit and the publication", async () => {
    const poll = await newPoll();
    await enqueue(producer(2, "high"), batch([ballot(poll)]));
    await newFlusher().pass();
    const [state] = await readQueues(client, [queueName("high", 2)]);
    assert.ok(state);
    await publishCheckpoint(client, state.queue, state.epoch, 0);
    await newFlusher().pass();
    assert.deepEqual(await readCheckpoints(client, [state]), [state.pointer]);
  });

  it("a flush closes an ended epoch again when an earlier state of MySQL has it open", async () => {
    const flusher = newFlusher();
    await enqueue(producer(3, "high"), batch([ballot(await newPoll())]));
    await flusher.pass();
    const queue = queueName("high", 3);
    const ending = new Pipeline();
    ending.delete(epochKey(queue));
    await client.send(ending);
    const ofQueue = `queue = '${queue}' AND closed_at IS NULL`;
    await flusher.pass();
    assert.equal(await count("checkpoints", ofQueue), 0);
    await bench.store.write(
      "test.back",
      "UPDATE checkpoints SET closed_at = NULL WHERE queue = ?",
      [queue],
    );
    await waitUntil("the epoch is closed", async () => {
      await flusher.pass();
      return (await count("checkpoints", ofQueue)) === 0;
    });
  });

  it("a flush goes on when a checkpoint leaps by any distance, in a running worker and in a new one", async () => {
    const poll = await newPoll();
    const flusher = newFlusher();
    for (const leap of [200_000, 4_000_000_000]) {
      const far = producer(3, "low");
      await enqueue(far, batch([ballot(poll)]));
      assert.equal((await flusher.pass()).unreachable.length, 0);
      await bench.store.write(
        "test.leap",
        "UPDATE checkpoints SET slot = slot + ? WHERE queue = ? AND closed_at IS NULL",
        [leap, queueName("low", 3)],
      );
      await enqueue(far, batch([ballot(poll)]));
      for (const each of [flusher, newFlusher()]) {
        assert.equal((await each.pass()).waiting, 0);
      }
    }
  });

  it("a flush counts a voter's first ballot and takes the second off the tallies", async () => {
    const poll = await newPoll();
    const first = ballot(poll, { receivedAtMs: Date.now() - 10 });
    const second = ballot(poll, { voter: first.voter, choices: Uint8Array.of(2) });
    await enqueue(producer(), batch([first]));
    await newFlusher().pass();
    bench.corrections.length = 0;
    await enqueue(producer(), batch([second]));
    const summary = await newFlusher().pass();
    assert.equal(summary.duplicates, 1);
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 1, votes: [1, 0, 0, 0] });
    assert.equal(bench.corrections[0]?.[0].get(keyOfId(poll))?.votes.get(2 as never), -1);
  });

  it("a flush keeps the earlier of two ballots when the later one arrives first", async () => {
    const poll = await newPoll();
    const first = ballot(poll, { receivedAtMs: Date.now() - 5_000 });
    const second = ballot(poll, { voter: first.voter, choices: Uint8Array.of(2) });
    await enqueue(producer(), batch([second]));
    await newFlusher().pass();
    await enqueue(producer(), batch([first]));
    await newFlusher().pass();
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 1, votes: [1, 0, 0, 0] });
    assert.equal(await count("ballots", `poll_id = ${poll} AND choices = 0x01`), 1);
  });

  it("a flush keeps the earlier of two ballots when both arrive in one slot", async () => {
    const poll = await newPoll();
    const first = ballot(poll, { receivedAtMs: Date.now() - 5_000 });
    const second = ballot(poll, { voter: first.voter, choices: Uint8Array.of(2) });
    await enqueue(producer(), batch([second, first]));
    await newFlusher().pass();
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 1, votes: [1, 0, 0, 0] });
  });

  it("a flush counts a batch once when it is in two slots, or in two queues", async () => {
    const poll = await newPoll();
    const twice = batch([ballot(poll), ballot(poll)]);
    await enqueue(producer(0), twice);
    await enqueue(producer(0), twice);
    await enqueue(producer(1), twice);
    const summary = await newFlusher().pass();
    assert.equal(summary.counted, 2);
    assert.equal(summary.repeated, 2);
    assert.deepEqual(await totals(poll), { ballots: 2, duplicates: 0, votes: [2, 0, 0, 0] });
  });

  it("a flush counts a ballot once when it is sent again in another batch", async () => {
    const poll = await newPoll();
    const again = ballot(poll);
    await enqueue(producer(), batch([again]));
    await newFlusher().pass();
    await enqueue(producer(), batch([{ ...again, tallied: false }]));
    const summary = await newFlusher().pass();
    assert.equal(summary.redelivered, 1);
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 0, votes: [1, 0, 0, 0] });
  });
});

describe("a missing slot", () => {
  it("a missing slot is given up after its grace time, and does not delay the slots after it", async () => {
    const poll = await newPoll();
    const home = producer(2);
    await home.takeTicket(); // and never writes its slot
    await sleep(2_050); // the lease of its lock
    await enqueue(home, batch([ballot(poll)]));
    const flusher = newFlusher();
    const first = await flusher.pass();
    assert.equal(first.counted, 1, "the slot after the missing one is committed at once");
    assert.ok(first.waiting > 0, "the checkpoint waits for the missing slot");
    await sleep(350);
    const second = await flusher.pass();
    assert.equal(second.missing, 1);
    assert.equal(second.waiting, 0);
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 0, votes: [1, 0, 0, 0] });
  });

  it("a missing slot does not make another worker count the slots after it twice", async () => {
    const poll = await newPoll();
    const home = producer(3);
    await home.takeTicket();
    await sleep(2_050);
    await enqueue(home, batch([ballot(poll)]));
    bench.corrections.length = 0;
    await newFlusher().pass();
    await newFlusher().pass();
    const third = newFlusher();
    await third.pass({ waitForMissing: true });
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 0, votes: [1, 0, 0, 0] });
    assert.deepEqual(bench.corrections, [], "the tallies are right, so nothing may be corrected");
  });
});

describe("a slot that does not decode, or a ballot that can't count", () => {
  it("undecodable slots and ballots that can't count become dead letters with their bytes, and the ballots around them count", async () => {
    const poll = await newPoll();
    const before = await count("dead_letters");
    await enqueue(producer(), batch([ballot(poll)]));
    await enqueue(producer(), Buffer.from("no slot of ours"));
    await enqueue(
      producer(),
      batch([
        ballot(poll),
        ballot(4_000_000_000 as PollId),
        ballot(poll, { choices: Uint8Array.of(200) }),
      ]),
    );
    await enqueue(producer(), batch([ballot(poll, { receivedAtMs: 2 ** 47 })]));
    const summary = await newFlusher().pass();
    assert.equal(summary.letters, 4);
    assert.equal(await count("dead_letters"), before + 4);
    assert.equal(await count("dead_letters", "bytes = 'no slot of ours'"), 1);
    assert.deepEqual(await totals(poll), { ballots: 2, duplicates: 0, votes: [2, 0, 0, 0] });
    assert.equal(await slotsLeft(), 0);
  });
});

describe("five flushers at once", () => {
  it("five flushers at once share the queues and count every ballot once", async () => {
    const poll = await newPoll();
    for (let i = 0; i < 60; i++) {
      await enqueue(producer(i % 4), batch(Array.from({ length: 20 }, () => ballot(poll))));
    }
    const flushers = Array.from({ length: 5 }, newFlusher);
    const rounds = async (flusher: ReturnType<typeof newFlusher>) => {
      for (let i = 0; i < 4; i++) await flusher.pass();
    };
    await Promise.all(flushers.map(rounds));
    assert.deepEqual(await totals(poll), {
      ballots: 1_200,
      duplicates: 0,
      votes: [1_200, 0, 0, 0],
    });
    assert.equal(await slotsLeft(), 0);
  });
});

describe("a slot whose commit this worker did not see", () => {
  it("a slot whose commit this worker did not see is deleted when the answer to COMMIT was lost", async t => {
    const poll = await newPoll();
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: bench.database.port });
    const url = bench.database.url.replace(`:${bench.database.port}/`, `:${proxy.port}/`);
    const store = new Store({ url, connectionsMax: 2, statementMs: 5_000 });
    t.after(async () => {
      await store.close();
      await proxy.stop();
    });
    const flusher = newFlusher({ store });
    await enqueue(producer(), batch([ballot(poll)]));
    let lost = 0;
    proxy.loseAnswers((_, request) => request.includes("transaction.commit") && ++lost === 1);
    await flusher.pass();
    assert.equal(lost, 1, "one answer was lost");
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 0, votes: [1, 0, 0, 0] });
    assert.equal(await slotsLeft(), 0);
  });

  it("a slot whose commit this worker did not see is deleted when another worker committed it and died before deleting it", async () => {
    const poll = await newPoll();
    const survivor = newFlusher();
    await survivor.pass();
    await enqueue(producer(), batch([ballot(poll)]));
    await newFlusher({ keep: { keepMs: 60_000, keepMarginMs: 0 } }).pass(); // commits, and deletes nothing
    assert.equal(await slotsLeft(), 1);
    await enqueue(producer(), batch([ballot(poll)]));
    await survivor.pass();
    assert.equal(await slotsLeft(), 0);
  });
});

describe("a committed slot that is kept for a late replica", () => {
  it("a committed slot that is kept for a late replica expires by itself when no worker is left to delete it", async () => {
    const poll = await newPoll();
    await enqueue(producer(), batch([ballot(poll)]));
    await newFlusher({ keep: { keepMs: 1_000, keepMarginMs: 0 } }).pass(); // one pass, as from cron
    assert.equal(await slotsLeft(), 1);
    await waitUntil("its end", async () => (await slotsLeft()) === 0, { withinMs: 20_000 });
  });
});

describe("a new worker", () => {
  it("a new worker deletes the slots that its predecessor committed and did not delete", async () => {
    const poll = await newPoll();
    const keeping = newFlusher({ keep: { keepMs: 60_000, keepMarginMs: 0 } });
    await enqueue(producer(), batch([ballot(poll)]));
    await keeping.pass();
    assert.equal(await slotsLeft(), 1, "kept for a late replica");
    await newFlusher().pass();
    assert.equal(await slotsLeft(), 0);
  });
});
