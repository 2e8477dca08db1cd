import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { noOutcomes } from "../store/totals.ts";
import { balance } from "./books.ts";
import { parseCounts } from "./recover-counts.ts";

const count = fc.nat(1_000_000);

describe("balance", () => {
  it("balance gives books that add up for any numbers", () => {
    fc.assert(
      fc.property(fc.array(count, { minLength: 8, maxLength: 8 }), numbers => {
        const [a, b, c, d, e, f, missing, known] = numbers as [
          number,
          number,
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const arrived = a + b + c + d + e + f;
        const books = balance(
          { accepted: arrived + missing, arrived },
          {
            counted: a,
            duplicates: b,
            repeated: c,
            setAside: d,
            replaced: e,
            withdrawn: f,
            lost: known,
          },
        );
        const { accepted, counted, replaced, withdrawn, waiting, duplicate, setAside, lost } =
          books;
        assert.equal(
          accepted,
          counted + replaced + withdrawn + waiting + duplicate + setAside + lost,
        );
        assert.ok(books.balanced);
        assert.ok(lost <= known && waiting >= 0);
      }),
    );
  });

  it("balance does not balance when more was counted than arrived", () => {
    const outcomes = { ...noOutcomes, counted: 11 };
    assert.equal(balance({ accepted: 10, arrived: 10 }, outcomes).balanced, false);
  });

  it("balance is zero everywhere for a poll without ballots", () => {
    const { balanced, repeated, ...numbers } = balance(undefined, noOutcomes);
    assert.ok(balanced && repeated === 0);
    assert.deepEqual(new Set(Object.values(numbers)), new Set([0]));
  });
});

describe("parseCounts", () => {
  it("parseCounts gives the newest count of each poll and ignores a truncated last line", () => {
    const entries = parseCounts("7 1\n8 2\n7 12\n8 13", "0011223344556677");
    assert.deepEqual(
      entries.map(({ pollId, ballots }) => [pollId, ballots]),
      [
        [7, 12],
        [8, 2],
      ],
    );
    assert.deepEqual(parseCounts("", "0011223344556677"), []);
  });
});
