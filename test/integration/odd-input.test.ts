/** Odd input of readers and editors: MySQL's answer is an error of the data, never an outage or a schema that does not fit. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OptionNumber, Slug } from "#lib/model/ids.ts";
import type { PollContent } from "#lib/model/poll.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { insertPoll } from "#lib/store/poll-changes.ts";
import { findPoll } from "#lib/store/polls.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const { store } = await startFlushBench();
let polls = 0;

function insert(change: Partial<PollContent>): Promise<unknown> {
  const poll: PollContent = {
    slug: `odd-${++polls}` as Slug,
    question: "Yes?",
    description: "",
    choicesMin: 1,
    choicesMax: 2,
    opensAtMs: 1,
    closesAtMs: null,
    language: null,
    ...defaultRules,
    options: [{ number: 1 as OptionNumber, label: "Yes" }],
    ...change,
  };
  return insertPoll(store, { ...poll, key: null }, Date.now());
}

const refused = (work: Promise<unknown>) =>
  assert.rejects(work, error => isStoreFailure(error, "invalid"));

describe("odd input", () => {
  it("a slug in characters that no slug has is an error of the data", async () => {
    for (const slug of ["é", "日本", "😀"]) await refused(findPoll(store, slug as Slug));
    for (const slug of ["a\0b", "x".repeat(5_000), "'\\"]) {
      assert.equal(await findPoll(store, slug as Slug), undefined);
    }
  });

  it("an editor's text, number or time that a column can't hold is an error of the data", async () => {
    await refused(insert({ question: "x".repeat(300) }));
    await refused(insert({ slug: "é" as Slug }));
    await refused(insert({ afterVoteLink: "https://news.example/é" }));
    await refused(insert({ opensAtMs: 8.64e15 }));
    await refused(insert({ choicesMax: 300 }));
    await refused(insert({ choicesMax: -1 }));
    for (const question of ["😀", "a\0b", "a\ud800b"]) await insert({ question });
  });
});
