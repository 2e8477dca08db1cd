import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ErrorCode, isFloodgateError } from "../base/errors.ts";
import type { PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import {
  contentOf,
  mergedWith,
  refuseContradictions,
  refuseLateChanges,
  refusePassedTimes,
} from "./content.ts";
import { createPollSchema, type UpdatePoll, updatePollSchema } from "./schema.ts";

const now = Date.UTC(2026, 10, 22, 18);
const minute = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

function created(input: object = {}) {
  const given = {
    question: "Which fish?",
    options: [{ label: "Cod" }, { label: "Eel" }],
    ...input,
  };
  return contentOf(createPollSchema.parse(given));
}

function pollOf(change: Partial<Poll> = {}): Poll {
  const fixed = {
    id: 7 as PollId,
    key: "7" as PollKey,
    slug: "fish" as Slug,
    finalizedAtMs: null,
    version: 1,
  };
  return { ...created(), ...fixed, ...change };
}

const change = (input: object): UpdatePoll => updatePollSchema.parse(input);
const failsWith = (code: ErrorCode) => (error: unknown) => isFloodgateError(error, code);

describe("contentOf", () => {
  it("contentOf numbers options from 1 in the editor's order", () => {
    const numbers = created().options.map(({ number, label }) => [number, label]);
    assert.deepEqual(numbers, [
      [1, "Cod"],
      [2, "Eel"],
    ]);
  });

  it("contentOf makes a draft without times that everyone sees the results of", () => {
    const { opensAtMs, closesAtMs, resultsTo, lane, mayChange } = created();
    assert.deepEqual(
      [opensAtMs, closesAtMs, resultsTo, lane, mayChange],
      [null, null, "everyone", "normal", false],
    );
  });

  it("contentOf lets ranked and rating ballots name every option, whatever choicesMax says", () => {
    assert.equal(created({ kind: "ranked", choicesMax: 1 }).choicesMax, 2);
    assert.equal(created({ kind: "rating" }).choicesMax, 2);
    assert.equal(created({ kind: "choice", choicesMax: 1 }).choicesMax, 1);
  });

  it("contentOf keeps an option's image and pin", () => {
    const image = { url: "/a.jpg", alt: "A cod" };
    const { options } = created({
      options: [
        { label: "Cod", image },
        { label: "Eel", pinned: true },
      ],
    });
    assert.deepEqual(options[0], { number: 1, label: "Cod", image });
    assert.deepEqual(options[1], { number: 2, label: "Eel", pinned: true });
  });
});

describe("mergedWith", () => {
  it("mergedWith keeps every field that a change does not name", () => {
    const poll = pollOf({ closesAtMs: now, language: "sv", resultsTo: "voters" });
    const { id, key, version, finalizedAtMs, ...content } = poll;
    assert.deepEqual(mergedWith(poll, change({})), content);
  });

  it("mergedWith tells a field that is set to null from one that is not given", () => {
    const poll = pollOf({ closesAtMs: now, language: "sv" });
    const { closesAtMs, language } = mergedWith(poll, change({ closesAt: null }));
    assert.deepEqual([closesAtMs, language], [null, "sv"]);
    assert.equal(mergedWith(poll, change({ language: null })).language, null);
  });

  it("mergedWith sets a rule to false or to an empty text", () => {
    const poll = pollOf({ mayChange: true, description: "Old", afterVoteText: "Old" });
    const merged = mergedWith(
      poll,
      change({ mayChange: false, description: "", afterVoteText: "" }),
    );
    assert.deepEqual([merged.mayChange, merged.description, merged.afterVoteText], [false, "", ""]);
  });

  it("mergedWith raises choicesMax to all options when a poll becomes ranked", () => {
    assert.equal(mergedWith(pollOf(), change({ kind: "ranked" })).choicesMax, 2);
    const options = [{ label: "a" }, { label: "b" }, { label: "c" }];
    assert.equal(mergedWith(pollOf({ kind: "ranked" }), change({ options })).choicesMax, 3);
  });

  it("mergedWith numbers new options from 1 again", () => {
    const options = [{ label: "Pike" }, { label: "Cod" }];
    const merged = mergedWith(pollOf(), change({ options }));
    assert.deepEqual(
      merged.options.map(({ number }) => number),
      [1, 2],
    );
  });
});

describe("refuseContradictions", () => {
  const twins = created().options.map(option => ({ ...option, label: "Cod" }));

  it("refuseContradictions lets a poll with labels that an earlier release allowed close at another time", () => {
    const poll = pollOf({ options: twins });
    const given = change({ closesAt: iso(now + minute) });
    refuseContradictions(mergedWith(poll, given), { poll, change: given });
  });

  it("refuseContradictions refuses new labels that look alike, whatever labels the poll had", () => {
    const poll = pollOf({ options: twins });
    const given = change({ options: [{ label: "Eel" }, { label: "EEL" }] });
    assert.throws(
      () => refuseContradictions(mergedWith(poll, given), { poll, change: given }),
      failsWith("invalid_request"),
    );
  });
});

describe("refuseLateChanges", () => {
  const refuse = (poll: Poll, input: object) => {
    const given = change(input);
    refuseLateChanges(poll, given, mergedWith(poll, given), now);
  };
  const open = pollOf({ opensAtMs: now - minute });
  const closed = pollOf({ opensAtMs: now - 2 * minute, closesAtMs: now - minute });

  it("refuseLateChanges allows every change before the opening", () => {
    const whole = { question: "Which bird?", slug: "bird", kind: "ranked", version: 1 };
    refuse(pollOf(), whole);
    refuse(pollOf({ opensAtMs: now + minute }), whole);
  });

  it("refuseLateChanges refuses a new question in the seconds before the opening, when fronts may show the old one", () => {
    const opening = pollOf({ opensAtMs: now + 4_000 });
    assert.throws(() => refuse(opening, { question: "Which bird?" }), failsWith("poll_in_use"));
  });

  for (const [name, input] of Object.entries({
    question: { question: "Which bird?" },
    options: { options: [{ label: "a" }, { label: "b" }] },
    slug: { slug: "bird" },
    kind: { kind: "ranked" },
    choicesMax: { choicesMax: 2 },
    opensAt: { opensAt: iso(now + minute) },
  })) {
    it(`refuseLateChanges refuses a new ${name} of an open poll`, () => {
      assert.throws(() => refuse(open, input), failsWith("poll_in_use"));
    });
  }

  it("refuseLateChanges allows an open poll a later closing time and other rules", () => {
    refuse(open, { closesAt: iso(now + minute), resultsTo: "voters", mayChange: true, version: 1 });
  });

  it("refuseLateChanges refuses to close an open poll in the past", () => {
    assert.throws(() => refuse(open, { closesAt: iso(now) }), failsWith("invalid_request"));
  });

  it("refuseLateChanges refuses a new closing time of a closed poll, so that it can't open again", () => {
    const input = { closesAt: iso(now + minute) };
    assert.throws(() => refuse(closed, input), failsWith("poll_in_use"));
  });

  it("refuseLateChanges allows another audience for the results of a closed poll", () => {
    refuse(closed, { resultsTo: "staff" });
  });
});

describe("refuseContradictions", () => {
  it("refuseContradictions passes content without contradictions", () => {
    refuseContradictions(created());
  });

  it("refuseContradictions throws invalid_request that names every field", () => {
    const content = created({ choicesMin: 2, resultsTo: "from_date" });
    assert.throws(
      () => refuseContradictions(content),
      error =>
        isFloodgateError(error, "invalid_request") &&
        /^choicesMin .*; resultsFrom /.test(error.detail ?? ""),
    );
  });
});

describe("refusePassedTimes", () => {
  const times = (opensAtMs: number | null, closesAtMs: number | null) => ({
    opensAtMs,
    closesAtMs,
  });
  const codeOf = (content: ReturnType<typeof times>, before?: ReturnType<typeof times>) => {
    try {
      refusePassedTimes(content, now, before);
      return undefined;
    } catch (error) {
      return isFloodgateError(error) ? error.code : error;
    }
  };

  it("an opening or closing time that is set now must not have passed", () => {
    assert.equal(codeOf(times(now - 3 * minute, null)), "invalid_request");
    assert.equal(codeOf(times(null, now)), "invalid_request");
    assert.equal(codeOf(times(now - minute, now + minute)), undefined);
    assert.equal(codeOf(times(null, null)), undefined);
  });

  it("a time that does not change may have passed, but nothing opens after its closing time", () => {
    const old = times(now - 9 * minute, now - minute);
    assert.equal(codeOf(old, old), undefined);
    const draft = times(null, now - minute);
    assert.equal(codeOf(draft, draft), undefined);
    assert.equal(codeOf(times(now, now - minute), draft), "closing_passed");
  });
});
