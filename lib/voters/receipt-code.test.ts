import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { BallotId, PollId, VoterKey } from "../ids.ts";
import { deriveVoterSecrets } from "./keys.ts";
import { readReceiptCode, receiptCode } from "./receipt-code.ts";

const secrets = deriveVoterSecrets("a secret that is only good for tests, 32 bytes and more");
const digits = "0123456789abcdefghijklmnopqrstuv";

function anyBallot() {
  return {
    poll: randomBytes(4).readUInt32BE() as PollId,
    voter: randomBytes(16) as VoterKey,
    id: randomUUID() as BallotId,
  };
}

describe("a receipt code", () => {
  it("is read back as what it was made of", () => {
    for (let i = 0; i < 200; i++) {
      const { poll, voter, id } = anyBallot();
      const code = receiptCode(secrets, poll, voter, id);
      assert.match(code, /^[0-9a-v]{8}(-[0-9a-v]{8}){3}$/);
      const receipt = readReceiptCode(secrets, code.toUpperCase());
      assert.equal(receipt?.code, code);
      assert.equal(receipt.pollId, poll);
      assert.deepEqual(receipt.voterStart, voter.subarray(0, 8));
      assert.equal(receipt.ballotEnd.toString("hex"), id.slice(-4));
    }
  });

  it("is the same each time for the same ballot", () => {
    const { poll, voter, id } = anyBallot();
    const [first, again] = [0, 1].map(() => receiptCode(secrets, poll, voter, id));
    assert.equal(first, again);
  });

  it("is refused with any one digit changed, with another key, and when it is no code", () => {
    const { poll, voter, id } = anyBallot();
    const code = receiptCode(secrets, poll, voter, id);
    for (const [at, digit] of [...code].entries()) {
      if (digit === "-") continue;
      const other = digits[(digits.indexOf(digit) + 1) % digits.length];
      const changed = code.slice(0, at) + other + code.slice(at + 1);
      assert.equal(readReceiptCode(secrets, changed), undefined, changed);
    }
    const others = deriveVoterSecrets("another secret, which is also 32 bytes long and more");
    assert.equal(readReceiptCode(others, code), undefined);
    for (const text of ["", "-", code.slice(1), `${code}0`, code.replaceAll("-", ""), "\0"]) {
      assert.equal(readReceiptCode(secrets, text), undefined);
    }
  });
});
