import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { revisionMax } from "../model/ballot.ts";
import type { OptionNumber, PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { defaultRules } from "../model/poll-rules.ts";
import {
  castRequestSchema,
  oembedQuerySchema,
  pollResponseSchema,
  receiptResponseSchema,
  resultsQuerySchema,
  toPollResponse,
  toReceiptResponse,
} from "./contract.ts";

const uuid = "3F0B6A52-9C1E-4C55-8A8E-0D6F3C1F2B7A";

describe("castRequestSchema", () => {
  const accepts = (body: unknown) => castRequestSchema.safeParse(body).success;

  it("castRequestSchema reads a ballot id as 32 hex digits in lower case", () => {
    const { ballotId } = castRequestSchema.parse({ choices: ["1"], ballotId: uuid });
    assert.equal(ballotId, "3f0b6a529c1e4c558a8e0d6f3c1f2b7a");
  });

  it("castRequestSchema takes options, and options with a grade from 1 to 5", () => {
    assert.ok(accepts({ choices: ["1", "50"] }));
    assert.ok(accepts({ choices: ["2:1", "3:5"] }));
  });

  for (const [what, body] of Object.entries({
    "no choices": {},
    "empty choices without replaces": { choices: [] },
    "an option 0": { choices: ["0"] },
    "a grade 6": { choices: ["1:6"] },
    "a number for an option": { choices: [1] },
    "51 choices": { choices: Array(51).fill("1") },
    "a ballot id that is no UUID": { choices: ["1"], ballotId: "7" },
    "a negative revision": { choices: ["1"], replaces: -1 },
    "the last revision, which can't be replaced": { choices: ["1"], replaces: revisionMax },
    "an unknown field": { choices: ["1"], voter: "x" },
  })) {
    it(`castRequestSchema refuses ${what}`, () => assert.ok(!accepts(body)));
  }

  it("castRequestSchema takes empty choices with replaces, as a withdrawal", () => {
    assert.ok(accepts({ choices: [], replaces: 0 }));
  });
});

describe("resultsQuerySchema", () => {
  it("resultsQuerySchema reads numbers from a query, without waiting by default", () => {
    assert.deepEqual(resultsQuerySchema.parse({ after: "7" }), { after: 7, wait: 0 });
    assert.deepEqual(resultsQuerySchema.parse({}), { wait: 0 });
  });

  it("resultsQuerySchema refuses to wait without a version, or for more than 25 seconds", () => {
    for (const query of [
      { wait: "5" },
      { after: "1", wait: "26" },
      { after: "-1" },
      { after: "x" },
    ]) {
      assert.ok(!resultsQuerySchema.safeParse(query).success, JSON.stringify(query));
    }
  });
});

describe("oembedQuerySchema", () => {
  it("oembedQuerySchema takes an http address, and whole pixels as limits", () => {
    const accepts = (query: unknown) => oembedQuerySchema.safeParse(query).success;
    assert.ok(accepts({ url: "https://site.example/p/x", format: "json", maxwidth: "400" }));
    assert.ok(!accepts({ url: "javascript:alert(1)" }));
    for (const maxwidth of ["0", "-5", "", "abc", "1.5", "0x10", "1e3", "999999"]) {
      assert.ok(!accepts({ url: "https://site.example/p/x", maxwidth }), maxwidth);
    }
  });
});

describe("toPollResponse", () => {
  const openedMs = Date.UTC(2026, 10, 22, 18);
  const poll: Poll = {
    ...defaultRules,
    id: 7 as PollId,
    key: "7" as PollKey,
    slug: "fish" as Slug,
    question: "Which fish?",
    description: "",
    choicesMin: 1,
    choicesMax: 1,
    opensAtMs: openedMs,
    closesAtMs: null,
    finalizedAtMs: null,
    language: null,
    version: 3,
    options: [{ number: 1 as OptionNumber, label: "Cod" }],
  };

  it("toPollResponse matches the published schema, with times in ISO 8601 and ids as text", () => {
    const response = toPollResponse(poll, openedMs);
    assert.deepEqual(pollResponseSchema.parse(response), response);
    assert.deepEqual([response.opensAt, response.closesAt], ["2026-11-22T18:00:00.000Z", null]);
    assert.deepEqual(response.options, [{ id: "1", label: "Cod", image: null, pinned: false }]);
  });

  it("toPollResponse does not publish the poll's internal id", () => {
    assert.ok(!("id" in toPollResponse(poll, openedMs)));
  });

  it("toPollResponse has the state of the given moment", () => {
    assert.equal(toPollResponse(poll, openedMs - 1).state, "scheduled");
    assert.equal(toPollResponse(poll, openedMs).state, "open");
  });
});

describe("toReceiptResponse", () => {
  it("toReceiptResponse matches the published schema for a ballot that is not stored", () => {
    const report = {
      code: "x",
      state: "waiting",
      poll: null,
      receivedAtMs: null,
      storedAtMs: null,
    } as const;
    const response = toReceiptResponse(report);
    assert.deepEqual(receiptResponseSchema.parse(response), response);
    assert.deepEqual([response.receivedAt, response.storedAt], [null, null]);
  });

  it("toReceiptResponse writes times in ISO 8601", () => {
    const report = {
      code: "x",
      state: "final",
      poll: null,
      receivedAtMs: 0,
      storedAtMs: 1,
    } as const;
    const { receivedAt, storedAt } = toReceiptResponse(report);
    assert.deepEqual(
      [receivedAt, storedAt],
      ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z"],
    );
  });
});
