/** Marks while the list of servers changes: a voter has two servers, and processes read from different ones. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { Placement } from "#lib/memcached/placement.ts";
import type { BallotId, PollId, VoterKey } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import type { ChangeStep, ServerList } from "#lib/model/server-list.ts";
import { type MarkedBallot, readMark, takeMarksBack } from "#lib/voters/marks.ts";
import { moveMark } from "#lib/voters/move-mark.ts";
import { placeMarks } from "#lib/voters/place-marks.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

const [first, second] = [await testMemcached(), await testMemcached()];
const clients = [testClient(first.port), testClient(second.port)] as const;
const [before, after] = clients.map(({ name }) => name) as [string, string];
const listOf = (version: number, server: string): ServerList => ({
  version,
  rule: "rendezvous",
  memcached: [server],
  queues: [server],
});

/** The marks of a process that has taken this step of a change from one server to the other. */
function placementAt(step: ChangeStep): Placement {
  const placement = new Placement(clients, 1);
  placement.use({ newest: listOf(2, after), step, old: listOf(1, before) });
  return placement;
}
const joining = placementAt("joining");
const switching = placementAt("switching");

const pollId = 7 as PollId;
const ballot = (voter: VoterKey, revision = 0): MarkedBallot => ({
  pollId,
  voter,
  revision,
  ballotId: randomBytes(16).toString("hex") as BallotId,
  choices: Uint8Array.of(1),
  markTtlSeconds: 3_600,
});
const newVoter = () => randomBytes(16).toString("hex") as VoterKey;
const passes = async (placement: Placement, each: MarkedBallot) =>
  (await placeMarks(placement, [each])).size === 0;

describe("marks on two servers", () => {
  for (const [name, one, other] of [
    ["joining and switching", joining, switching],
    ["switching and joining", switching, joining],
    ["joining and joining", joining, joining],
  ] as const) {
    it(`a second ballot is refused, and does not stand, at processes that are ${name}`, async () => {
      const voter = newVoter();
      const accepted = ballot(voter);
      assert.ok(await passes(one, accepted));
      assert.ok(!(await passes(other, ballot(voter))));
      for (const placement of [joining, switching]) {
        const mark = await readMark(placement, keyOfId(pollId), voter);
        assert.equal(mark?.ballotId, accepted.ballotId);
      }
    });
  }

  it("of two ballots at the same moment at processes that read from different servers, exactly one passes", async () => {
    let both = 0;
    let none = 0;
    for (let round = 0; round < 300; round++) {
      const voter = newVoter();
      const passed = await Promise.all([
        passes(joining, ballot(voter)),
        passes(switching, ballot(voter)),
      ]);
      if (passed.every(Boolean)) both += 1;
      if (!passed.some(Boolean)) none += 1;
    }
    assert.equal(both, 0);
    assert.equal(none, 0);
  });

  it("a second ballot is refused where only the server that is not read has the mark", async () => {
    const voter = newVoter();
    const old = new Placement([clients[0]], 1);
    const accepted = ballot(voter);
    assert.ok(await passes(old, accepted));
    assert.ok(!(await passes(switching, ballot(voter))));
    const mark = await readMark(switching, keyOfId(pollId), voter);
    assert.equal(mark?.ballotId, accepted.ballotId);
  });

  it("a change moves both marks, and a change from the same revision loses at either process", async () => {
    const voter = newVoter();
    const accepted = ballot(voter);
    assert.ok(await passes(joining, accepted));
    const change = ballot(voter, 1);
    assert.equal((await moveMark(joining, change)).move, "moved");
    const late = await moveMark(switching, ballot(voter, 1));
    assert.equal(late.move, "standing");
    for (const placement of [joining, switching]) {
      const mark = await readMark(placement, keyOfId(pollId), voter);
      assert.equal(mark?.ballotId, change.ballotId);
    }
  });

  it("a mark that is taken back is taken from both servers", async () => {
    const voter = newVoter();
    const refused = ballot(voter);
    assert.ok(await passes(joining, refused));
    await takeMarksBack(joining, [{ ballot: refused, before: undefined }]);
    assert.ok(await passes(switching, ballot(voter)));
  });
});
