import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it, mock } from "node:test";
import type { BallotId, PollId, PollKey, VoterKey } from "../model/ids.ts";
import { deriveVoterSecrets, KnownSecrets } from "../voters/voter-secrets.ts";
import { isReceiptOf, readReceiptCode, receiptCode } from "./receipt-code.ts";

const secret = "a secret that is only good for tests, 32 bytes and more";
const newSecret = "another secret, which is also 32 bytes long and more";
const secrets = deriveVoterSecrets(secret);
const known = new KnownSecrets({ secret, previousSecrets: [] });
const digits = "0123456789abcdefghijklmnopqrstuv";

function anyBallot() {
  return {
    pollId: randomBytes(4).readUInt32BE() as PollId,
    voter: randomBytes(16).toString("hex") as VoterKey,
    ballotId: randomBytes(16).toString("hex") as BallotId,
    revision: 0,
  };
}

/** The ballot whose code begins with these 22 digits. */
function ballotOf(body: string) {
  const bits = [...body]
    .map(digit => Number.parseInt(digit, 32).toString(2).padStart(5, "0"))
    .join("");
  const hex = (start: number, end: number) =>
    BigInt(`0b${bits.slice(start, end).padEnd(end - start, "0")}`)
      .toString(16)
      .padStart((end - start) / 4, "0");
  return {
    pollId: Number.parseInt(hex(0, 32), 16) as PollId,
    voter: hex(32, 96).padEnd(32, "0") as VoterKey,
    ballotId: hex(96, 112).padStart(32, "0") as BallotId,
    revision: 0,
  };
}

/** How people write a code down. */
const typings = (code: string): string[] => [
  code.replaceAll("-", ""),
  ` ${code.replaceAll("-", " ")}\u00a0`,
  code.replaceAll("-", "–").toUpperCase(),
  code.replaceAll("-", "\u00ad"),
  code.replaceAll("0", "o"),
  code.replaceAll("1", "l"),
  code.replaceAll("l", "1").toUpperCase(),
  code.replace("i", "1").replace("o", "0"),
];

describe("a receipt code", () => {
  it("a receipt code does not change between releases", () => {
    const long = deriveVoterSecrets("a secret of more than thirty-two characters");
    const code = receiptCode(long, {
      pollId: 7 as PollId,
      voter: "1976b78b8a361fab1dc1b1a8278bd13b" as VoterKey,
      ballotId: "3f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId,
      revision: 3,
    });
    assert.equal(code, "000001op-eqron2hm-3ulimug0-0etg8tr1-vnvbv7ir");
  });

  it("a receipt code reads back the poll, voter, ballot and revision that it was made from, in either case", () => {
    for (let i = 0; i < 200; i++) {
      const revision = i < 100 ? 0 : randomBytes(2).readUInt16BE() || 1;
      const ballot = { ...anyBallot(), revision };
      const code = receiptCode(secrets, ballot);
      assert.match(code, revision > 0 ? /^(-?[0-9a-v]{8}){5}$/ : /^(-?[0-9a-v]{8}){4}$/);
      const receipt = readReceiptCode(known, code.toUpperCase());
      assert.equal(receipt?.code, code);
      assert.equal(receipt.pollId, ballot.pollId);
      assert.equal(receipt.voterStart, ballot.voter.slice(0, 12));
      assert.equal(receipt.ballotEnd, ballot.ballotId.slice(-4));
      assert.equal(receipt.revision, revision);
    }
  });

  it("a receipt code tells its poll from another one that has its number", () => {
    const [mine, other] = ["18446744073709551615", "18446744073709551614"] as [PollKey, PollKey];
    const receipt = readReceiptCode(known, receiptCode(secrets, { ...anyBallot(), pollKey: mine }));
    assert.ok(receipt);
    assert.deepEqual([isReceiptOf(receipt, mine), isReceiptOf(receipt, other)], [true, false]);
    const old = readReceiptCode(
      known,
      receiptCode(secrets, { ...anyBallot(), pollId: 7 as PollId }),
    );
    assert.ok(old && isReceiptOf(old, "7" as PollKey), "a poll that release 0.2.0 made");
  });

  it("a receipt code is the same each time for the same ballot", () => {
    const ballot = anyBallot();
    const [first, again] = [0, 1].map(() => receiptCode(secrets, ballot));
    assert.equal(first, again);
  });

  it("a receipt code is found as people type it: without hyphens, with blanks, with o for 0 and l or i for 1", () => {
    for (let i = 0; i < 100; i++) {
      const code = receiptCode(secrets, { ...anyBallot(), pollId: (i + 1) as PollId });
      for (const text of typings(code))
        assert.equal(readReceiptCode(known, text)?.code, code, text);
    }
  });

  it("a receipt code is found although nearly all of its digits have look-alikes", () => {
    for (const body of [
      "00000014oiib9li0luo3p1",
      "0000oil0oilo0o0lilio0o",
      "000llll111iii00oo0liio",
    ]) {
      const code = receiptCode(secrets, ballotOf(body));
      assert.ok(code.replaceAll("-", "").startsWith(body), code);
      for (const text of typings(code))
        assert.equal(readReceiptCode(known, text)?.code, code, text);
    }
  });

  it("a receipt code that is forged costs a bounded time, whatever look-alikes it has", () => {
    const calls = mock.method(secrets.receipt, "digest");
    const only = { all: [secrets] } as unknown as KnownSecrets;
    assert.equal(readReceiptCode(only, "1".repeat(32)), undefined);
    assert.ok(calls.mock.callCount() < 2_100, String(calls.mock.callCount()));
    calls.mock.restore();
  });

  it("a receipt code is read while its secret is a previous one", () => {
    const rotating = new KnownSecrets({ secret: newSecret, previousSecrets: [secret] });
    const codes = rotating.all.map(each => receiptCode(each, anyBallot()));
    for (const code of codes) assert.equal(readReceiptCode(rotating, code)?.code, code);
  });

  it("a receipt code contains neither the choices nor more of the ballot id than its end", () => {
    const ballot = anyBallot();
    const code = receiptCode(secrets, ballot);
    const chosen = { ...ballot, choices: Uint8Array.of(1) };
    assert.equal(receiptCode(secrets, chosen), code);
    const twin = `${"0".repeat(28)}${ballot.ballotId.slice(-4)}` as BallotId;
    assert.equal(receiptCode(secrets, { ...ballot, ballotId: twin }), code);
  });

  it("a receipt code is refused with one digit changed, under another key, or in another format", () => {
    for (const revision of [0, 3])
      refusesAnythingElse(receiptCode(secrets, { ...anyBallot(), revision }));
  });
});

function refusesAnythingElse(code: string): void {
  for (const [at, digit] of [...code].entries()) {
    if (digit === "-") continue;
    const other = digits[(digits.indexOf(digit) + 1) % digits.length];
    const changed = code.slice(0, at) + other + code.slice(at + 1);
    assert.equal(readReceiptCode(known, changed), undefined, changed);
  }
  const others = new KnownSecrets({ secret: newSecret, previousSecrets: [] });
  assert.equal(readReceiptCode(others, code), undefined);
  for (const text of ["", "-", code.slice(1), `${code}0`, code.replace("-", "/"), "\0"]) {
    assert.equal(readReceiptCode(known, text), undefined);
  }
}
