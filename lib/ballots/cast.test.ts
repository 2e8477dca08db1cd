import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FloodgateError } from "../base/errors.ts";
import type { LaneFacts } from "../config/lane-rules.ts";
import { Editions, editionOf } from "../model/edition.ts";
import type { BallotId, OptionNumber, PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { defaultRules } from "../model/poll-rules.ts";
import { readReceiptCode } from "../receipts/receipt-code.ts";
import { mintIdentity } from "../voters/identity.ts";
import { KnownSecrets, type VoterSecrets } from "../voters/voter-secrets.ts";
import type { BallotOutcome } from "./ballot-outcome.ts";
import { type CastDeps, type CastInput, castBallot } from "./cast.ts";
import type { OfferedBallot } from "./pending-ballot.ts";
import { VotesUnderWay } from "./under-way.ts";

const secret = "a secret of more than thirty-two characters";
const newSecret = "another secret of more than thirty-two characters";
const known = new KnownSecrets({ secret, previousSecrets: [] });
const rotating = new KnownSecrets({ secret: newSecret, previousSecrets: [secret] });
const [secrets] = known.all as [VoterSecrets];
const [newest] = rotating.all as [VoterSecrets];
const ballotId = "3f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId;
const openedMs = 1_795_000_000_000;
const closedMs = openedMs + 60_000;
const duringMs = openedMs + 1_000;

const open: Poll = {
  ...defaultRules,
  id: 7 as PollId,
  key: "7" as PollKey,
  slug: "fish" as Slug,
  question: "Which fish?",
  description: "",
  choicesMin: 1,
  choicesMax: 2,
  opensAtMs: openedMs,
  closesAtMs: closedMs,
  finalizedAtMs: null,
  language: null,
  version: 1,
  options: [1, 2, 3].map(number => ({ number: number as OptionNumber, label: `${number}` })),
};

interface World {
  /** What this process remembers; by default, what is published. */
  readonly remembered?: Poll | undefined;
  readonly current?: Poll | null;
  readonly commit?: BallotOutcome;
  readonly results?: () => Promise<never>;
  readonly secrets?: KnownSecrets;
}

const accepted: BallotOutcome = { outcome: "accepted", tally: undefined };

/** Casts into a world of fakes; gives the outcome and what was offered to the group commit. */
async function cast(world: World, input: Partial<CastInput> = {}) {
  const { remembered, current = open, commit = accepted, results } = world;
  const offered: OfferedBallot[] = [];
  const facts: LaneFacts[] = [];
  const asked: string[] = [];
  const deps = {
    secrets: world.secrets ?? known,
    published: {
      publication: 3,
      remembered: () => remembered,
      find: async () => remembered ?? current,
      findCurrent: async () => current,
    },
    underWay: new VotesUnderWay(),
    commit: {
      offer: async (ballot: OfferedBallot) => {
        offered.push(ballot);
        return commit;
      },
    },
    editions: new Editions(),
    laneOf: (given: LaneFacts) => {
      facts.push(given);
      return given.pollLane;
    },
    results: {
      see: () => {},
      fresh: () => undefined,
      snapshot: async (_: Poll, requester: string) => {
        asked.push(requester);
        return results ? results() : ("results" as never);
      },
    },
  } as unknown as CastDeps;
  const cast = await castBallot(deps, {
    slug: open.slug,
    edition: undefined,
    identity: { ...mintIdentity(secrets, "0".repeat(32) as BallotId), signedBy: secrets },
    choices: ["1"],
    ballotId: undefined,
    request: () => ({ cookie: "c=1", uri: "/votes", host: "news.example" }),
    replaces: undefined,
    receivedAtMs: duringMs,
    ...input,
  });
  return { ...cast, offered, facts, asked };
}

const outcomeOf = async (world: World, input?: Partial<CastInput>) =>
  (await cast(world, input)).outcome.outcome;

describe("castBallot", () => {
  it("castBallot offers a first ballot with its bytes, lane, publication and time", async () => {
    const { offered } = await cast({}, { choices: ["3", "1"] });
    const [ballot] = offered;
    assert.deepEqual([...(ballot?.choices ?? [])], [1, 3]);
    assert.deepEqual(
      [ballot?.revision, ballot?.tallied, ballot?.lane, ballot?.publication, ballot?.receivedAtMs],
      [0, true, "normal", 3, duringMs],
    );
  });

  it("castBallot takes no vote from a page of the poll that had this slug before, nor of its other options", async () => {
    const options = [...open.options].reverse().map((option, index) => ({
      ...option,
      number: (index + 1) as OptionNumber,
    }));
    const shown = { ...open, key: "7000000007" as PollKey };
    const edition = editionOf(shown);
    const others = {
      "another poll with the same words": {
        ...shown,
        id: 8 as PollId,
        key: "8000000008" as PollKey,
      },
      "its options in another order": { ...shown, options },
      "another question": { ...shown, question: "Which bird?" },
    };
    for (const [what, current] of Object.entries(others)) {
      for (const replaces of [undefined, 0]) {
        const choices = replaces === undefined ? ["1"] : [];
        const { outcome, offered } = await cast({ current }, { edition, choices, replaces });
        assert.deepEqual([outcome.outcome, offered.length], ["replaced", 0], what);
      }
      // This process may remember what the page shows a second longer than others.
      assert.equal(
        await outcomeOf({ remembered: current, current: shown }, { edition }),
        "accepted",
      );
    }
    const renamedRule = { ...shown, version: 9, closesAtMs: closedMs + 1 };
    assert.equal(await outcomeOf({ current: renamedRule }, { edition }), "accepted");
    assert.equal(await outcomeOf({ current: others["another question"] }, {}), "accepted");
  });

  it("castBallot answers an accepted ballot with a receipt of that ballot", async () => {
    const { accepted, offered } = await cast({});
    const receipt = readReceiptCode(known, accepted?.receipt ?? "");
    assert.equal(receipt?.pollId, open.id);
    assert.equal(offered[0]?.voter.slice(0, 12), receipt?.voterStart);
  });

  it("castBallot makes a retry without a cookie the same voter, whichever secrets have been added since", async () => {
    const input = { identity: undefined, ballotId };
    for (const secretDigest of [undefined, secrets.digest]) {
      const current = secretDigest === undefined ? open : { ...open, secretDigest };
      const first = await cast({ current }, input);
      const retry = await cast({ current, secrets: rotating }, input);
      assert.equal(retry.offered[0]?.voter, first.offered[0]?.voter);
      assert.ok(first.accepted && retry.accepted);
      assert.equal(retry.accepted.receipt, first.accepted.receipt);
      assert.equal(retry.accepted.voter.signWith?.digest, secrets.digest);
    }
  });

  it("castBallot takes a voter of an older secret's cookie in a poll of a newer secret, and renews the cookie", async () => {
    const current = { ...open, secretDigest: newest.digest };
    const signedBy = rotating.all[1];
    const identity = { ...mintIdentity(secrets, undefined), signedBy };
    const { accepted } = await cast({ current, secrets: rotating }, { identity });
    assert.equal(accepted?.voter.signWith, newest);
    assert.equal(accepted?.voter.id, identity.id);
  });

  it("castBallot takes no vote for a poll whose secret it does not know", async () => {
    const current = { ...open, secretDigest: newest.digest };
    const { outcome, offered } = await cast({ current }, { identity: undefined, ballotId });
    assert.equal(outcome.outcome, "secret_unknown");
    assert.deepEqual(offered, []);
  });

  it("castBallot gives a form that is sent twice the same ballot id", async () => {
    const [first, again] = [await cast({}), await cast({})];
    assert.equal(first.offered[0]?.ballotId, again.offered[0]?.ballotId);
  });

  for (const [state, poll, nowMs, expected] of [
    ["a draft", { ...open, opensAtMs: null }, duringMs, "not_open"],
    ["a scheduled poll", open, openedMs - 1, "not_open"],
    ["a closed poll", open, closedMs, "closed"],
    ["a final poll", { ...open, finalizedAtMs: closedMs }, closedMs + 1, "closed"],
  ] as const) {
    it(`castBallot refuses a ballot for ${state} as ${expected}`, async () => {
      const { outcome, offered } = await cast({ current: poll }, { receivedAtMs: nowMs });
      assert.equal(outcome.outcome, expected);
      assert.deepEqual(offered, []);
    });
  }

  it("castBallot refuses a ballot for a missing poll as not_found", async () => {
    assert.equal(await outcomeOf({ current: null }), "not_found");
  });

  it("castBallot reads the poll again before a remembered copy refuses a ballot", async () => {
    const remembered = { ...open, closesAtMs: openedMs + 1 };
    assert.equal(await outcomeOf({ remembered, current: open }), "accepted");
  });

  it("castBallot refuses invalid choices with the problem", async () => {
    const { outcome } = await cast({}, { choices: ["1", "2", "3"] });
    assert.deepEqual(outcome, { outcome: "invalid_choices", problem: "too_many" });
  });

  it("castBallot refuses a change where the poll allows none", async () => {
    assert.equal(await outcomeOf({}, { replaces: 0 }), "change_refused");
  });

  const changeable = { ...open, mayChange: true };

  it("castBallot refuses a change without a known identity, which would be another voter's first ballot", async () => {
    const identity = mintIdentity(secrets, undefined);
    assert.equal(
      await outcomeOf({ current: changeable }, { replaces: 0, identity }),
      "voter_unknown",
    );
  });

  it("castBallot offers a change as the next revision", async () => {
    const { offered } = await cast({ current: changeable }, { replaces: 4 });
    assert.equal(offered[0]?.revision, 5);
  });

  it("castBallot offers a change without choices as a withdrawal, and shows results as to a non-voter", async () => {
    const { offered, asked } = await cast({ current: changeable }, { replaces: 0, choices: [] });
    assert.equal(offered[0]?.choices.length, 0);
    assert.deepEqual(asked, ["reader"]);
  });

  it("castBallot refuses a first ballot without choices", async () => {
    const { outcome } = await cast({ current: changeable }, { choices: [] });
    assert.deepEqual(outcome, { outcome: "invalid_choices", problem: "too_few" });
  });

  const mark = { ballotId: "a".repeat(32) as BallotId, revision: 2, choices: Uint8Array.of(3) };

  it("castBallot reads the results for a voter whose ballot has met another one", async () => {
    const { outcome, asked } = await cast({ commit: { outcome: "already_voted", mark } });
    assert.equal(outcome.outcome, "already_voted");
    assert.deepEqual(asked, ["voter"]);
  });

  it("castBallot passes refusals of the group commit on", async () => {
    for (const outcome of ["unavailable", "full", "overloaded", "closed"] as const) {
      assert.equal(await outcomeOf({ commit: { outcome } }), outcome);
    }
  });

  it("castBallot accepts a ballot also when results can't be read", async () => {
    const results = () => Promise.reject(new FloodgateError("overloaded"));
    const ballot = await cast({ results });
    assert.equal(ballot.outcome.outcome, "accepted");
    assert.equal(ballot.results, null);
  });

  it("castBallot does not hide a bug in reading results", async () => {
    const results = () => Promise.reject(new TypeError("a bug"));
    await assert.rejects(cast({ results }), TypeError);
  });

  it("castBallot gives lane rules the poll's slug and lane, and the request's cookie, path and host", async () => {
    const { facts } = await cast({});
    const { cookie, uri, host, poll, pollLane } = facts[0] as LaneFacts;
    assert.deepEqual(
      { cookie, uri, host, poll, pollLane },
      { cookie: "c=1", uri: "/votes", host: "news.example", poll: "fish", pollLane: "normal" },
    );
  });
});
