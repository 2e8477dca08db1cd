import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OptionNumber, PollId, PollKey, Slug, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { defaultRules } from "../model/poll-rules.ts";
import type { Results } from "../model/results.ts";
import { resultsSchema } from "../model/results.ts";
import { computeRunoff } from "../model/runoff.ts";
import { countsOf } from "../model/tally-parts.ts";
import { hiddenSnapshot, tallySnapshot } from "./snapshot.ts";

const openedMs = Date.UTC(2026, 10, 22, 18);
const closedMs = openedMs + 3_600_000;
const duringMs = openedMs + 1_000;

function pollOf(change: Partial<Poll> = {}): Poll {
  return {
    ...defaultRules,
    id: 7 as PollId,
    key: "7" as PollKey,
    slug: "fish" as Slug,
    question: "Which fish?",
    description: "",
    choicesMin: 1,
    choicesMax: 1,
    opensAtMs: openedMs,
    closesAtMs: closedMs,
    finalizedAtMs: null,
    language: null,
    version: 3,
    options: ["Cod", "Eel", "Pike"].map((label, index) => ({
      number: (index + 1) as OptionNumber,
      label,
    })),
    ...change,
  };
}

/** The tally of some ballots. */
function tallyOf(
  poll: Poll,
  ballots: readonly (readonly number[])[],
  stored: number | null = null,
) {
  const votes = new Map<TallyPart, number>();
  for (const choices of ballots) {
    for (const [part, by] of countsOf(poll.kind, Uint8Array.from(choices))) {
      votes.set(part, (votes.get(part) ?? 0) + by);
    }
  }
  return { ballots: ballots.length, votes, version: 40, stored, from: undefined };
}

type Ballots = readonly (readonly number[])[];

function resultsOf(poll: Poll, ballots: Ballots, asOfMs = duringMs, stored: number | null = null) {
  return tallySnapshot(poll, { tally: tallyOf(poll, ballots, stored), asOfMs }, "reader").results;
}

const votesIn = (poll: Poll, ballots: Ballots) =>
  resultsOf(poll, ballots).options.map(({ votes, share }) => [votes, share]);

describe("tallySnapshot", () => {
  it("tallySnapshot shows votes and percentages of 100 for one choice a ballot", () => {
    assert.deepEqual(votesIn(pollOf(), [[1], [1], [3]]), [
      [2, 67],
      [0, 0],
      [1, 33],
    ]);
  });

  it("tallySnapshot shows shares of voters where a ballot may choose several options", () => {
    assert.deepEqual(votesIn(pollOf({ choicesMax: 3 }), [[1, 2], [1]]), [
      [2, 100],
      [1, 50],
      [0, 0],
    ]);
  });

  it("tallySnapshot shows no counts, also none of ballots, where the poll shows percentages only", () => {
    const results = resultsOf(pollOf({ resultsAs: "percentages" }), [[1], [2]], duringMs, 1);
    assert.deepEqual([results.ballots, results.waiting], [null, null]);
    assert.deepEqual(
      results.options.map(({ votes, share }) => [votes, share]),
      [
        [null, 50],
        [null, 50],
        [null, 0],
      ],
    );
  });

  it("tallySnapshot shows no shares where the poll shows counts only", () => {
    assert.deepEqual(votesIn(pollOf({ resultsAs: "counts" }), [[1]]), [
      [1, null],
      [0, null],
      [0, null],
    ]);
  });

  it("tallySnapshot and hiddenSnapshot say when the poll opens and closes, for pages that are open", () => {
    const poll = pollOf({ resultsTo: "nobody" });
    const moments = ({ opensAt, closesAt }: Results) => [opensAt, closesAt];
    const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    const expected = [iso(poll.opensAtMs), iso(poll.closesAtMs)];
    assert.deepEqual(moments(resultsOf(poll, [[1]])), expected);
    const hidden = hiddenSnapshot(poll, "reader", duringMs);
    assert.deepEqual(hidden && moments(hidden.results), expected);
  });

  it("tallySnapshot shows an editor all numbers, whatever readers may see", () => {
    const poll = pollOf({ resultsAs: "percentages" });
    const { results } = tallySnapshot(
      poll,
      { tally: tallyOf(poll, [[1]]), asOfMs: duringMs },
      "editor",
    );
    assert.deepEqual([results.ballots, results.options[0]?.votes], [1, 1]);
  });

  it("tallySnapshot shows grades and their mean, rounded to hundredths, for a rating", () => {
    const [cod, eel] = resultsOf(pollOf({ kind: "rating" }), [
      [1, 5],
      [1, 4],
      [1, 4],
    ]).options;
    assert.deepEqual([cod?.votes, cod?.grades, cod?.mean], [3, [0, 0, 0, 2, 1], 4.33]);
    assert.deepEqual([eel?.votes, eel?.mean, eel?.share], [0, null, null]);
  });

  it("tallySnapshot shows first preferences and Borda points for a ranked poll, and null before a runoff", () => {
    const { options, runoff } = resultsOf(pollOf({ kind: "ranked", choicesMax: 3 }), [[1, 3], [3]]);
    assert.deepEqual(
      options.map(({ votes, points }) => [votes, points]),
      [
        [1, 2],
        [0, 0],
        [1, 3],
      ],
    );
    assert.equal(runoff, null);
  });

  it("tallySnapshot shows a runoff in per cent of each round where the poll shows percentages only", () => {
    const poll = pollOf({ kind: "ranked", resultsAs: "percentages" });
    const runoff = {
      computedAtMs: duringMs,
      winner: "1",
      rounds: [{ votes: { 1: 3, 2: 1 }, exhausted: 2, out: "2" }],
      of: "",
    };
    const counted = { tally: tallyOf(poll, [[1]]), asOfMs: duringMs, runoff: runoff as never };
    const { results } = tallySnapshot(poll, counted, "reader");
    assert.deepEqual(results.runoff?.rounds, [
      { votes: { 1: 75, 2: 25 }, exhausted: null, out: "2" },
    ]);
  });

  it("tallySnapshot shows no runoff of other ballots beside the numbers of a final ranked poll", () => {
    const shown = (finalizedAtMs: number | null, of: string) => {
      const poll = pollOf({ kind: "ranked", finalizedAtMs });
      const runoff = { computedAtMs: duringMs, winner: "1", rounds: [], of };
      const counted = { tally: tallyOf(poll, [[1], [2, 1]]), asOfMs: closedMs + 2, runoff };
      return tallySnapshot(poll, counted, "reader").results.runoff?.winner ?? null;
    };
    const parts = [...tallyOf(pollOf({ kind: "ranked" }), [[1], [2, 1]]).votes].sort(
      ([a], [b]) => a - b,
    );
    const same = [2, ...parts.flat()].join(" ");
    assert.equal(shown(closedMs + 1, `3 ${same}`), "1");
    assert.equal(shown(closedMs + 1, `2 ${same} 999 0`), "1", "of an earlier version of the poll");
    assert.equal(shown(closedMs + 1, "3 1 1 1"), null);
    assert.equal(shown(null, "3 1 1 1"), "1", "while it is counted, the time says how old it is");
  });

  it("tallySnapshot shows how many ballots wait for MySQL, and null when that is unknown", () => {
    const waiting = (stored: number | null) =>
      resultsOf(pollOf(), [[1], [1], [2]], duringMs, stored).waiting;
    assert.deepEqual([waiting(null), waiting(0), waiting(2), waiting(9)], [null, 3, 1, 0]);
  });

  it("tallySnapshot shows that no ballot waits once the poll is final", () => {
    const poll = pollOf({ finalizedAtMs: closedMs + 1 });
    assert.equal(resultsOf(poll, [[1]], closedMs + 2, null).waiting, 0);
  });

  it("tallySnapshot shows no negative counts between the two halves of a change", () => {
    const poll = pollOf();
    const tally = {
      ballots: -1,
      votes: new Map([[1 as TallyPart, -1]]),
      version: 1,
      stored: 0,
      from: undefined,
    };
    const { results } = tallySnapshot(poll, { tally, asOfMs: duringMs }, "reader");
    assert.deepEqual([results.ballots, results.waiting, results.options[0]?.votes], [0, 0, 0]);
  });

  it("tallySnapshot names who leads where the poll shows percentages only, and no count", () => {
    const { outcome } = resultsOf(pollOf({ resultsAs: "percentages" }), [[1], [2], [2]]);
    assert.deepEqual(outcome, {
      status: "leads",
      final: false,
      options: ["2"],
      by: "votes",
      round: null,
      at: new Date(duringMs).toISOString(),
    });
  });

  it("tallySnapshot names the winner of a ranked poll only by a runoff of its final ballots", () => {
    const poll = pollOf({ kind: "ranked", choicesMax: 3, finalizedAtMs: closedMs + 1 });
    const tally = tallyOf(poll, [[2, 1], [2, 3], [1]]);
    const outcomeAfter = (ballots: Ballots) => {
      const counted = tallyOf(poll, ballots);
      const runoff = {
        ...computeRunoff(
          poll.options.map(({ number }) => number),
          ballots.map(choices => ({ choices: Uint8Array.from(choices), ballots: 1 })),
        ),
        computedAtMs: duringMs,
        of: [3, counted.ballots, ...[...counted.votes].flat()].join(" "),
      };
      const { results } = tallySnapshot(poll, { tally, runoff, asOfMs: closedMs + 2 }, "reader");
      return [results.outcome?.status, results.outcome?.options, results.outcome?.final];
    };
    assert.deepEqual(outcomeAfter([[2, 1], [2, 3], [1]]), ["won", ["2"], true]);
    assert.deepEqual(outcomeAfter([[1]]), ["leads", ["2"], false]);
    // The same first choices, but other ranks below.
    assert.deepEqual(outcomeAfter([[2, 1], [2], [1]]), ["leads", ["2"], false]);
  });

  it("tallySnapshot raises the version when the poll closes, though the tally stays the same", () => {
    const versionAt = (nowMs: number) => resultsOf(pollOf(), [[1]], nowMs).version;
    assert.ok(versionAt(closedMs) > versionAt(closedMs - 1));
  });

  it("tallySnapshot writes JSON that the API's schema allows, the same as text and as bytes", () => {
    const poll = pollOf({ kind: "ranked" });
    const snapshot = tallySnapshot(
      poll,
      { tally: tallyOf(poll, [[2, 1]]), asOfMs: duringMs },
      "reader",
    );
    assert.deepEqual(resultsSchema.parse(JSON.parse(snapshot.text)), snapshot.results);
    assert.equal(Buffer.from(snapshot.json).toString(), snapshot.text);
  });

  it("tallySnapshot has another ETag after an edit of the poll or when ballots were stored", () => {
    const etagOf = (poll: Poll, stored: number) =>
      tallySnapshot(poll, { tally: tallyOf(poll, [[1], [1]], stored), asOfMs: duringMs }, "reader")
        .etag;
    const tags = [etagOf(pollOf(), 0), etagOf(pollOf(), 1), etagOf(pollOf({ version: 4 }), 0)];
    assert.equal(new Set(tags).size, 3);
  });
});

describe("hiddenSnapshot", () => {
  const hidden = pollOf({ resultsTo: "after_close" });

  it("hiddenSnapshot is undefined when the requester may see results", () => {
    assert.equal(hiddenSnapshot(pollOf(), "reader", duringMs), undefined);
    assert.equal(hiddenSnapshot(hidden, "editor", duringMs), undefined);
    assert.equal(hiddenSnapshot(hidden, "reader", closedMs), undefined);
  });

  it("hiddenSnapshot names the audience and the state, and no number", () => {
    const results = hiddenSnapshot(hidden, "voter", duringMs)?.results;
    assert.deepEqual(
      [results?.hidden, results?.state, results?.ballots, results?.waiting, results?.options],
      ["after_close", "open", null, null, []],
    );
    assert.equal(results?.outcome, null);
  });

  it("hiddenSnapshot has a version that does not depend on votes", () => {
    const versionAt = (nowMs: number) => hiddenSnapshot(hidden, "reader", nowMs)?.results.version;
    assert.equal(versionAt(duringMs), versionAt(closedMs - 1));
  });
});
