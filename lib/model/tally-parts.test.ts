import assert from "node:assert/strict";
import { it } from "node:test";
import type { OptionNumber } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";
import { describePart, partsOf } from "./tally-parts.ts";

it("says in words what each part of a poll counts", () => {
  const options = [{ number: 2 as OptionNumber }];
  const described = (kind: PollKind) =>
    partsOf({ kind, options }).map(part => describePart(kind, part));
  assert.deepEqual(described("choice"), ["votes of option 2"]);
  assert.deepEqual(described("ranked"), [
    "first preferences of option 2",
    "ballots that rank option 2",
    "sum of the ranks of option 2",
  ]);
  assert.deepEqual(described("rating").at(-1), "ballots that give option 2 the grade 5");
});
