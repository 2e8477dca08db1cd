import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { editionLengthMax, editionOf, isSameEdition } from "./edition.ts";
import type { OptionNumber, PollKey } from "./ids.ts";
import type { Poll } from "./poll.ts";

const poll: Pick<Poll, "key" | "kind" | "question" | "description" | "options"> = {
  key: "18446744073709551615" as PollKey,
  kind: "choice",
  question: "Which fish?",
  description: "",
  options: ["Cod", "Eel"].map((label, index) => ({ number: (index + 1) as OptionNumber, label })),
};
const [cod, eel] = poll.options as [Poll["options"][number], Poll["options"][number]];

describe("an edition", () => {
  it("an edition differs between polls, and changes with whatever readers vote on", () => {
    const others = [
      { ...poll, key: "4294967296" as PollKey },
      { ...poll, kind: "ranked" as const },
      { ...poll, question: "Which fish not?" },
      { ...poll, description: "Fresh water only" },
      {
        ...poll,
        options: [
          { ...cod, label: "Eel" },
          { ...eel, label: "Cod" },
        ],
      },
      { ...poll, options: [cod, { ...eel, image: { url: "/eel.jpg", alt: "An eel" } }] },
    ].map(editionOf);
    assert.equal(new Set([editionOf(poll), ...others]).size, others.length + 1);
    assert.equal(editionOf({ ...poll, options: [{ ...cod, pinned: true }, eel] }), editionOf(poll));
  });

  it("an edition has sixteen digits before the dot, unless release 0.2.0 made the poll", () => {
    for (const key of ["4294967296", "18446744073709551615"]) {
      const edition = editionOf({ ...poll, key: key as PollKey });
      assert.match(edition, /^[0-9a-f]{16}\.[\w-]{11}$/);
      assert.ok(edition.length <= editionLengthMax);
    }
    assert.match(editionOf({ ...poll, key: "4294967295" as PollKey }), /^ffffffff\.[\w-]{11}$/);
  });

  it("a copy without the poll key, as release 0.2.0 publishes it, is compared by its digest", () => {
    const current = editionOf({ ...poll, key: "12" as PollKey });
    assert.ok(isSameEdition(current, editionOf(poll)));
    assert.ok(!isSameEdition(current, editionOf({ ...poll, question: "Which bird?" })));
    assert.ok(!isSameEdition(editionOf(poll), current));
    for (const odd of ["", ".", "c", "c."]) assert.ok(!isSameEdition(current, odd), odd);
  });
});
