import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Epoch, PollKey, QueueName, SlotNumber, Slug, VoterKey } from "../model/ids.ts";
import {
  acceptedKey,
  attemptsKey,
  checkpointKey,
  epochKey,
  lockKey,
  markKey,
  pointerKey,
  publishedKey,
  slotKey,
  tallyKey,
} from "./keys.ts";

const queue = "normal.0" as QueueName;
const epoch = "0123456789ab" as Epoch;

describe("memcached keys", () => {
  it("memcached keys are all different for one queue and one poll", () => {
    const keys = [
      epochKey(queue),
      lockKey(queue, epoch),
      pointerKey(queue, epoch),
      checkpointKey(queue, epoch),
      slotKey(queue, epoch, 1 as SlotNumber),
      ...([1, "b", "i", "v", "r", "s"] as const).map(part => tallyKey("1" as PollKey, part)),
      acceptedKey(Buffer.alloc(8), "1" as PollKey),
      markKey("1" as PollKey, "0".repeat(32) as VoterKey),
      publishedKey("1" as Slug),
      attemptsKey("1"),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });

  it("memcached keys tell marks of different polls and voters apart", () => {
    const voter = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const mark = fc.tuple(fc.integer({ min: 1, max: 0xffff_ffff }), voter);
    const keyOf = ([poll, bytes]: [number, Uint8Array]) =>
      markKey(String(poll) as PollKey, Buffer.from(bytes).toString("hex") as VoterKey);
    const idOf = ([poll, bytes]: [number, Uint8Array]) =>
      `${poll} ${Buffer.from(bytes).toString("hex")}`;
    fc.assert(
      fc.property(mark, mark, (a, b) => {
        assert.equal(keyOf(a) === keyOf(b), idOf(a) === idOf(b));
      }),
    );
  });

  it("memcached keys take a slug of the longest length", () => {
    assert.equal(publishedKey("a".repeat(80) as Slug), `p:${"a".repeat(80)}`);
  });

  it("memcached keys throw a RangeError on blanks, line ends, other alphabets and more than 200 bytes", () => {
    for (const slug of ["a b", "a\r\nflush_all", "a\0", "ä", "a".repeat(199)]) {
      assert.throws(() => publishedKey(slug as Slug), RangeError, JSON.stringify(slug));
    }
  });
});
