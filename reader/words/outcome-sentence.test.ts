import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { languages } from "#lib/base/languages.ts";
import type { Outcome, Results } from "#lib/model/results.ts";
import { speakerOf } from "../views/speaker.ts";
import { isolated, outcomeSentence, tieSentences } from "./outcome-sentence.ts";
import { Words } from "./words.ts";

const labels = ["Ada", "Ben", "Cem", "Dora", "Eve", "Finn"];
const at = "2026-11-26T10:30:00.000Z";

/** Results in which the first `tied` options are in first place, with two votes each. */
function resultsOf(tied: number, change: Partial<Outcome> = {}): Results {
  return {
    poll: "best",
    edition: "1",
    state: change.final ? "final" : "open",
    version: 1,
    asOf: at,
    hidden: null,
    ballots: 20,
    waiting: 0,
    options: labels.map((label, index) => ({
      id: String(index + 1),
      label,
      votes: index < tied ? 2 : 1,
      share: index < tied ? 10 : 5,
    })),
    outcome: {
      status: tied === 1 ? "leads" : "tied",
      final: false,
      options: labels.slice(0, tied).map((_, index) => String(index + 1)),
      by: "votes",
      round: null,
      at,
      ...change,
    },
  };
}

const words = new Words("en", "Europe/London");
const say = (results: Results, kind: "choice" | "ranked" | "rating" = "choice") =>
  outcomeSentence(speakerOf(words, { kind }), results);

describe("the sentence of the outcome", () => {
  it("an option leads while the poll is open, and wins in the final result", () => {
    assert.equal(
      say(resultsOf(1)),
      "“Ada” leads: 10% of 20 readers (as of 26 November 2026 at 10:30 GMT).",
    );
    assert.equal(
      say(resultsOf(1, { status: "won", final: true })),
      "“Ada” wins: 10% of 20 readers (final result, 26 November 2026 at 10:30 GMT).",
    );
  });

  it("a tie names all options in first place, at most four of them", () => {
    const when = "(as of 26 November 2026 at 10:30 GMT)";
    const tie = (tied: number) => say(resultsOf(tied));
    const rest = `are tied for first place: 10% of 20 readers each ${when}.`;
    assert.equal(tie(2), `“Ada” and “Ben” ${rest}`);
    assert.equal(tie(3), `“Ada”, “Ben”, and “Cem” ${rest}`);
    assert.equal(tie(6), `“Ada”, “Ben”, “Cem”, and 3 more options ${rest}`);
  });

  it("a poll that shows percentages or counts only has no other number in its sentence", () => {
    const { options, ...rest } = resultsOf(1);
    const shares = options.map(option => ({ ...option, votes: null }));
    assert.match(say({ ...rest, ballots: null, options: shares }), /^“Ada” leads: 10% \(as of/);
    const counts = options.map(option => ({ ...option, share: null }));
    assert.match(say({ ...rest, options: counts }), /^“Ada” leads: 2 votes \(as of/);
  });

  it("a rating's sentence has the mean grade, a runoff's the share in its last round", () => {
    const rating = resultsOf(1, { by: "mean" });
    const options = rating.options.map(option => ({ ...option, share: null, mean: 4.5 }));
    assert.match(say({ ...rating, options }, "rating"), /^“Ada” leads: average grade 4.50 \(/);
    const runoff = {
      computedAt: at,
      winner: "1",
      rounds: [{ votes: { 1: 6, 2: 4 }, exhausted: 0, out: null }],
    };
    const ranked = { ...resultsOf(1, { by: "runoff", round: 1 }), runoff };
    assert.match(say(ranked, "ranked"), /^“Ada” leads: 60% in round 1 \(/);
    const first = resultsOf(1, { by: "first_choices" });
    assert.match(say(first, "ranked"), /^“Ada” leads: 2 first choices \(/);
  });

  it("a round says how its tie was decided", () => {
    const round = { votes: { 1: 6, 2: 2, 3: 2 }, exhausted: 0 };
    const between = ["2", "3"];
    const runoff = {
      computedAt: at,
      winner: null,
      rounds: [
        { ...round, out: "3", tie: { between, decidedBy: "points" } },
        { ...round, out: null, tie: { between, decidedBy: null } },
      ],
    } as const;
    assert.equal(
      tieSentences(speakerOf(words, { kind: "ranked" }), { ...resultsOf(1), runoff }),
      "Round 1: “Ben” and “Cem” tied for last place. “Cem” has fewer points and is out. Round 2: “Ben” and “Cem” tied. Neither earlier rounds nor points decide between them, so the result is a tie.",
    );
  });

  it("a right-to-left name keeps its order inside a sentence", () => {
    assert.equal(isolated("שלום (1)!", false), "\u2068שלום (1)!\u2069");
    assert.equal(isolated("Yes (1)!", true), "\u2068Yes (1)!\u2069");
    assert.equal(isolated("Yes (1)!", false), "Yes (1)!");
  });

  it("there is no sentence without votes, and none while results are hidden", () => {
    assert.equal(say(resultsOf(0, { status: "none" })), "");
    assert.equal(say({ ...resultsOf(1), outcome: null }), "");
  });

  for (const language of languages) {
    it(`the sentence of a leader, of a winner and of ties has names, number and date: ${language}`, () => {
      const speaker = speakerOf(new Words(language, "Europe/London"), { kind: "choice" });
      const outcomes = [1, 2, 3, 6].flatMap(tied => [
        resultsOf(tied),
        resultsOf(tied, { final: true, ...(tied === 1 && { status: "won" }) }),
      ]);
      const sentences = outcomes.map(results => outcomeSentence(speaker, results));
      for (const sentence of sentences) {
        assert.match(sentence, /Ada/);
        assert.match(sentence, /10|١٠/);
        assert.match(sentence, /2026|٢٠٢٦/);
        assert.doesNotMatch(sentence, /[{}]|undefined/);
      }
      assert.equal(new Set(sentences).size, sentences.length);
    });
  }
});
