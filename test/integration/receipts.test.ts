/** Receipts on a real MariaDB: every state of a ballot, and who may ask. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { Epoch, Slug } from "#lib/model/ids.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { type ReceiptState, Receipts } from "#lib/receipts/find-receipt.ts";
import { receiptCode } from "#lib/receipts/receipt-code.ts";
import type { Row } from "#lib/store/database.ts";
import { insertDeadLetters } from "#lib/store/dead-letters.ts";
import { deletePoll, finalizePoll, updatePoll } from "#lib/store/poll-changes.ts";
import { findPoll } from "#lib/store/polls.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { deriveVoterSecrets, KnownSecrets } from "#lib/voters/voter-secrets.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { newFlusher, newPoll, producer, enqueue, store, count } = await startFlushBench();
const secret = "a secret that is only good for tests, 32 bytes and more";
const secrets = deriveVoterSecrets(secret);
const newReceipts = () =>
  new Receipts({
    store: new StoreBreaker(store, createLog("test", "silent")),
    secrets: new KnownSecrets({ secret, previousSecrets: [] }),
    nothingWaits: async () => false,
  });
const codeOf = (of: Ballot) => receiptCode(secrets, of);

/** A new `Receipts` each time: it caches its answers for a second. */
async function stateOf(of: Ballot): Promise<ReceiptState | undefined> {
  return (await newReceipts().find(codeOf(of)))?.state;
}

describe("a receipt", () => {
  it("a receipt follows its ballot from waiting to the final count, with times", async () => {
    const poll = await newPoll();
    const mine = ballot(poll, { receivedAtMs: Date.now() - 1_000 });
    await enqueue(producer(), batch([ballot(poll), mine, ballot(poll)]));
    assert.deepEqual(await newReceipts().find(codeOf(mine)), {
      code: codeOf(mine),
      state: "waiting",
      poll: { slug: `poll-${poll}`, question: "Yes?" },
      receivedAtMs: null,
      storedAtMs: null,
    });
    await newFlusher().pass();
    const stored = await newReceipts().find(codeOf(mine));
    assert.equal(stored?.state, "counted");
    assert.equal(stored.receivedAtMs, mine.receivedAtMs);
    assert.ok((stored.storedAtMs ?? 0) >= mine.receivedAtMs);
    await finalizePoll(store, poll, Date.now());
    assert.equal(await stateOf(mine), "final");
  });

  it("a receipt from before a renaming leads to the poll under its new slug", async () => {
    const id = await newPoll();
    const mine = ballot(id);
    const code = codeOf(mine);
    await enqueue(producer(), batch([mine]));
    await newFlusher().pass();
    const poll = await findPoll(store, `poll-${id}` as Slug);
    assert.ok(poll);
    await updatePoll(store, id, { ...poll, slug: `renamed-${id}` as Slug }, Date.now());
    assert.equal((await newReceipts().find(code))?.poll?.slug, `renamed-${id}`);
    // Another poll that is given the former slug has nothing to do with it.
    const other = await newPoll();
    const named = await findPoll(store, `poll-${other}` as Slug);
    assert.ok(named);
    await updatePoll(store, other, { ...named, slug: `poll-${id}` as Slug }, Date.now());
    const { state, poll: shown } = (await newReceipts().find(code)) ?? {};
    assert.deepEqual([state, shown?.slug], ["counted", `renamed-${id}`]);
  });

  it("a receipt says why its ballot is not counted", async () => {
    const poll = await newPoll();
    const first = ballot(poll, { receivedAtMs: Date.now() - 10 });
    const second = ballot(poll, { voter: first.voter });
    const refused = ballot(poll, { choices: Uint8Array.of(200) });
    const never = ballot(poll);
    await enqueue(producer(), batch([first, second, refused]));
    await newFlusher().pass();
    assert.equal(await stateOf(first), "counted");
    assert.equal(await stateOf(second), "duplicate");
    assert.equal(await stateOf(refused), "set_aside");
    assert.equal(await stateOf(never), "waiting");
    await finalizePoll(store, poll, Date.now());
    assert.equal(await stateOf(never), "missing");
    await store.transaction(db => deletePoll(db, poll));
    assert.equal(await stateOf(first), "gone");
  });

  it("a receipt says that its ballot is set aside when 600 newer ballots of the poll are, too", async () => {
    const poll = await newPoll();
    const refused = () => ballot(poll, { choices: Uint8Array.of(200) });
    const letters = [refused(), ...Array.from({ length: 600 }, refused)].map(each => ({
      ballot: each,
      letter: {
        pollId: poll,
        slot: 1,
        reason: "a test",
        bytes: encodeBatch(batch([each])),
        ballots: 1,
      },
    }));
    const portion = letters.map(({ letter }) => letter);
    await insertDeadLetters(store, "epochoftests" as Epoch, portion, Date.now());
    const [first] = letters;
    assert.ok(first);
    assert.equal(await stateOf(first.ballot), "set_aside");
    assert.equal(await stateOf(refused()), "waiting");
  });

  it("a receipt is looked up by the primary key of ballots", async () => {
    const poll = await newPoll();
    await enqueue(producer(), batch(Array.from({ length: 400 }, () => ballot(poll))));
    await newFlusher().pass();
    const before = await rowsRead();
    await stateOf(ballot(poll));
    const read = (await rowsRead()) - before;
    assert.ok(read < 20, `${read} rows read`);
    assert.ok((await count("ballots")) >= 400);
  });
});

async function rowsRead(): Promise<number> {
  const rows = await store.rows<Row & { Variable_name: string; Value: string }>(
    "test.status",
    "SHOW GLOBAL STATUS LIKE 'Handler_read_next'",
  );
  return Number(rows[0]?.Value);
}
