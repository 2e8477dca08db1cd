import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFloodgateError } from "../base/errors.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import { encodeBatch } from "../queue/slot-codec.ts";
import { StoreFailure } from "../store/failure.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { deriveVoterSecrets, KnownSecrets } from "../voters/voter-secrets.ts";
import { Receipts } from "./find-receipt.ts";
import { receiptCode } from "./receipt-code.ts";

const secret = "a secret that is only good for tests, 32 bytes and more";
const secrets = deriveVoterSecrets(secret);
const known = new KnownSecrets({ secret, previousSecrets: [] });
const voter = "1976b78b8a361fab1dc1b1a8278bd13b" as VoterKey;
const ballotId = "3f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId;
const otherId = "00000000000000000000000000001234" as BallotId;
const receivedAt = new Date(1_000);
const committedAt = new Date(2_000);

interface Stored {
  /** No poll at all. */
  readonly deleted?: boolean;
  readonly final?: boolean;
  readonly ballot?: {
    readonly id: BallotId;
    readonly revision?: number;
    readonly withdrawn?: boolean;
  };
  readonly deadLetters?: readonly Buffer[];
  /** The poll key of the poll that has the number 7 now. */
  readonly pollKey?: string;
  readonly away?: boolean;
  /** Lost ballots in the poll's books. */
  readonly lost?: number;
  /** Slots wait in a queue. */
  readonly busy?: boolean;
  /** The ballot arrives when the queues have been looked at. */
  readonly arrives?: boolean;
}

/** Receipts over a MySQL with these rows. */
function receiptsOver(stored: Stored) {
  const { deleted, final, pollKey = 7, deadLetters = [], away, lost = 0 } = stored;
  let { ballot } = stored;
  const queries: string[] = [];
  const poll = {
    poll_key: pollKey,
    slug: "fish",
    question: "Which fish?",
    finalized_at: final ? committedAt : null,
  };
  const row = () => ({
    ...poll,
    ballot_id: ballot ? Buffer.from(ballot.id, "hex") : null,
    revision: ballot?.revision ?? 0,
    withdrawn: ballot?.withdrawn ? 1 : 0,
    received_at: ballot ? receivedAt : null,
    committed_at: ballot ? committedAt : null,
  });
  const rows = async (name: string) => {
    queries.push(name);
    if (away) throw new StoreFailure("unavailable", "x", undefined, undefined);
    if (name === "receipts.letters") return deadLetters.map(bytes => ({ bytes }));
    if (name === "totals.outcomes") return [{ poll_id: 7, lost }];
    return deleted ? [] : [row()];
  };
  const breaker = { use: (work: (db: unknown) => unknown) => work({ rows }) };
  const nothingWaits = async () => {
    if (stored.arrives) ballot = { id: ballotId };
    return !stored.busy;
  };
  const store = breaker as unknown as StoreBreaker;
  return { receipts: new Receipts({ store, secrets: known, nothingWaits }), queries };
}

const codeOf = (revision = 0, id = ballotId) =>
  receiptCode(secrets, { pollId: 7 as PollId, voter, ballotId: id, revision });

function deadLetter(id: BallotId, revision = 0): Buffer {
  const ballot = {
    pollId: 7 as PollId,
    voter,
    ballotId: id,
    revision,
    receivedAtMs: 1,
    choices: Uint8Array.of(1),
    kind: "choice" as const,
    tallied: true,
  };
  const id12 = Buffer.alloc(12) as BatchId;
  return encodeBatch({ id: id12, ballots: [ballot], talliesDoubtful: false });
}

describe("a receipt's state", () => {
  const cases: readonly [string, string, Stored, number?][] = [
    ["waiting", "MySQL does not have the ballot", {}],
    ["missing", "MySQL does not have the ballot and the results are final", { final: true }],
    ["gone", "the poll was deleted", { deleted: true }],
    ["gone", "its number is another poll's", { pollKey: "18446744073709551615" }],
    ["counted", "the ballot stands", { ballot: { id: ballotId } }],
    [
      "final",
      "the ballot stands and the results are final",
      { final: true, ballot: { id: ballotId } },
    ],
    [
      "withdrawn",
      "the ballot is a withdrawal",
      { ballot: { id: ballotId, revision: 2, withdrawn: true } },
      2,
    ],
    ["replaced", "a later revision stands", { ballot: { id: otherId, revision: 1 } }],
    ["duplicate", "another ballot of the same revision stands", { ballot: { id: otherId } }],
    ["waiting", "an earlier revision stands", { ballot: { id: otherId, revision: 1 } }, 2],
    ["set_aside", "a dead letter holds the ballot", { deadLetters: [deadLetter(ballotId)] }],
    [
      "waiting",
      "dead letters hold other ballots",
      { deadLetters: [deadLetter(otherId), deadLetter(ballotId, 1)] },
    ],
    ["lost", "the poll has lost ballots and nothing waits", { lost: 3 }],
    ["waiting", "the poll has lost ballots and slots wait", { lost: 3, busy: true }],
    ["counted", "the ballot arrives during the look-up", { lost: 3, arrives: true }],
    ["missing", "the poll has lost ballots and is final", { lost: 3, final: true }],
    [
      "lost",
      "a change is lost and an earlier ballot stands",
      { lost: 1, ballot: { id: otherId } },
      2,
    ],
    [
      "set_aside",
      "an unreadable dead letter comes first",
      { deadLetters: [Buffer.from("noise"), deadLetter(ballotId)] },
    ],
  ];
  for (const [state, condition, stored, revision = 0] of cases) {
    it(`a receipt's state is ${state} when ${condition}`, async () => {
      const { receipts } = receiptsOver(stored);
      assert.equal((await receipts.find(codeOf(revision)))?.state, state);
    });
  }
});

describe("Receipts.find", () => {
  it("Receipts.find reports when a counted ballot was received and stored", async () => {
    const report = await receiptsOver({ ballot: { id: ballotId } }).receipts.find(codeOf());
    assert.deepEqual([report?.receivedAtMs, report?.storedAtMs], [1_000, 2_000]);
    assert.deepEqual(report?.poll, { slug: "fish", question: "Which fish?" });
  });

  it("Receipts.find gives undefined for a forged code without asking MySQL", async () => {
    const { receipts, queries } = receiptsOver({});
    const forged = codeOf().replace(/.$/, digit => (digit === "0" ? "1" : "0"));
    assert.equal(await receipts.find(forged), undefined);
    assert.deepEqual(queries, []);
  });

  it("Receipts.find asks MySQL once for the same code within a second, in upper or lower case", async () => {
    const { receipts, queries } = receiptsOver({ ballot: { id: ballotId } });
    await Promise.all([receipts.find(codeOf()), receipts.find(codeOf().toUpperCase())]);
    await receipts.find(codeOf());
    assert.deepEqual(queries, ["receipts.standing"]);
  });

  it("Receipts.find asks MySQL again after it was away", async () => {
    const { receipts, queries } = receiptsOver({ away: true });
    await assert.rejects(receipts.find(codeOf()));
    await assert.rejects(receipts.find(codeOf()));
    assert.equal(queries.length, 2);
  });

  it("Receipts.find throws overloaded above a hundred look-ups a second", async t => {
    // No time passes, however busy the machine is.
    t.mock.method(performance, "now", () => 1_000);
    const { receipts } = receiptsOver({ ballot: { id: ballotId } });
    const found = await Promise.allSettled(
      Array.from({ length: 150 }, (_, revision) => receipts.find(codeOf(revision))),
    );
    const refused = found.filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 50);
    for (const each of refused) {
      assert.ok(each.status === "rejected" && isFloodgateError(each.reason, "overloaded"));
    }
  });
});
