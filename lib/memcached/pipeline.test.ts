import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isMemcachedFailure } from "./failure.ts";
import type { Key } from "./keys.ts";
import { counterText, counterValue, type Op, Pipeline, Replies, type Reply } from "./pipeline.ts";

const key = "k" as Key;
const ok = 0x00;
const notFound = 0x01;
const exists = 0x02;
const notStored = 0x05;
const outOfMemory = 0x82;
const busy = 0x85;

function reply(status: number, value: Buffer | string = "", more: Partial<Reply> = {}): Reply {
  return { status, key: Buffer.alloc(0), value: Buffer.from(value), cas: Buffer.alloc(8), ...more };
}

/** What an operation makes of one answer; without a status, of silence. */
function decoded<T>(queue: (pipeline: Pipeline) => Op<T>, answer?: Reply): T {
  const op = queue(new Pipeline());
  return new Replies(new Map(answer ? [[op.index, [answer]]] : [])).of(op);
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

const rejected = (error: unknown) => isMemcachedFailure(error) && error.outcome === "rejected";

describe("Pipeline.get", () => {
  const get = (pipeline: Pipeline) => pipeline.get(key);

  it("Pipeline.get gives the value, and null for silence or a miss", () => {
    assert.equal(decoded(get, reply(ok, "v"))?.toString(), "v");
    assert.equal(decoded(get), null);
    assert.equal(decoded(get, reply(notFound)), null);
  });

  it("Pipeline.get tells an empty value from a miss", () => {
    assert.equal(decoded(get, reply(ok))?.length, 0);
  });

  it("Pipeline.get throws when a get is answered with an unexpected status", () => {
    assert.throws(() => decoded(get, reply(busy)), rejected);
  });
});

describe("Pipeline.getVersioned", () => {
  it("Pipeline.getVersioned gives the value with the server's version of it", () => {
    const cas = int64(77n);
    const found = decoded(pipeline => pipeline.getVersioned(key), reply(ok, "v", { cas }));
    assert.deepEqual(found, { value: Buffer.from("v"), version: cas });
  });
});

describe("Pipeline.add", () => {
  const add = (pipeline: Pipeline) => pipeline.add(key, "v", 0);

  it("Pipeline.add takes silence for success", () => {
    assert.equal(decoded(add), "stored");
  });

  it("Pipeline.add gives exists for a taken key and full for a server without memory", () => {
    assert.equal(decoded(add, reply(exists)), "exists");
    assert.equal(decoded(add, reply(notStored)), "exists");
    assert.equal(decoded(add, reply(outOfMemory)), "full");
  });

  it("Pipeline.add throws when an add is answered with an unexpected status", () => {
    assert.throws(() => decoded(add, reply(busy)), rejected);
  });

  it("Pipeline.add sends a time to live above 30 days as a date, which memcached would read it as", () => {
    const sentExpiry = (ttlSeconds: number) => {
      const pipeline = new Pipeline();
      pipeline.add(key, "", ttlSeconds);
      return pipeline.encode(0).readUInt32BE(24 + 4);
    };
    const thirtyDays = 30 * 86_400;
    assert.deepEqual([0, 0.2, thirtyDays].map(sentExpiry), [0, 1, thirtyDays]);
    const date = sentExpiry(thirtyDays + 1) - Date.now() / 1_000;
    assert.ok(Math.abs(date - thirtyDays) < 5, `${date} seconds ahead`);
  });
});

describe("Pipeline.replace", () => {
  const replace = (pipeline: Pipeline) => pipeline.replace(key, "v", 0);

  it("Pipeline.replace tells a missing key from one of another version", () => {
    assert.equal(decoded(replace), "stored");
    assert.equal(decoded(replace, reply(notFound)), "missing");
    assert.equal(decoded(replace, reply(exists)), "exists");
    assert.equal(decoded(replace, reply(outOfMemory)), "full");
  });

  it("Pipeline.replace sends the version that it may replace", () => {
    const pipeline = new Pipeline();
    const version = int64(0x0102030405060708n);
    pipeline.replace(key, "v", 0, { value: Buffer.alloc(0), version });
    assert.deepEqual(pipeline.encode(0).subarray(16, 24), version);
  });
});

describe("Pipeline.overwrite", () => {
  const overwrite = (pipeline: Pipeline) => pipeline.overwrite(key, "v", 0);

  it("Pipeline.overwrite gives stored when its replacement was silent", () => {
    assert.equal(decoded(overwrite), "stored");
  });

  it("Pipeline.overwrite gives full when neither the add nor the replacement found memory", () => {
    assert.equal(decoded(overwrite, reply(outOfMemory)), "full");
    assert.equal(decoded(overwrite, reply(notFound)), "full");
  });
});

describe("Pipeline.delete", () => {
  it("Pipeline.delete is true for silence, false for a missing key or another version", () => {
    const remove = (pipeline: Pipeline) => pipeline.delete(key);
    assert.equal(decoded(remove), true);
    assert.equal(decoded(remove, reply(notFound)), false);
    assert.equal(decoded(remove, reply(exists)), false);
  });
});

describe("Pipeline.incr and decr", () => {
  const incr = (pipeline: Pipeline) => pipeline.incr(key, 1);

  it("Pipeline.incr and decr decode counters of 64 bits, below 0 too", () => {
    for (const value of [0n, 1n, -1n, 2n ** 40n, 2n ** 62n]) {
      assert.equal(decoded(incr, reply(ok, int64(value))), value);
    }
  });

  it("Pipeline.incr and decr give null for a missing counter, raced for a lost creation and full without memory", () => {
    assert.equal(decoded(incr, reply(notFound)), null);
    assert.equal(decoded(incr, reply(notStored)), "raced");
    assert.equal(decoded(incr, reply(outOfMemory)), "full");
  });

  it("Pipeline.incr and decr throw when the server does not answer", () => {
    assert.throws(() => decoded(incr), rejected);
  });

  it("Pipeline.incr and decr send an amount that is its own inverse modulo 2^64", () => {
    const amountOf = (queue: (pipeline: Pipeline) => unknown) => {
      const pipeline = new Pipeline();
      queue(pipeline);
      return pipeline.encode(0).readBigUInt64BE(24);
    };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), amount => {
        const up = amountOf(pipeline => pipeline.incr(key, amount));
        const down = amountOf(pipeline => pipeline.decr(key, amount));
        assert.equal(up, BigInt(amount));
        assert.equal(BigInt.asUintN(64, up + down), 0n);
      }),
    );
  });
});

describe("Pipeline.stats", () => {
  it("Pipeline.stats collects the server's lines up to the empty one", () => {
    const op = new Pipeline().stats();
    const lines = [
      reply(ok, "12", { key: Buffer.from("bytes") }),
      reply(ok, "off", { key: Buffer.from("evictions") }),
      reply(ok),
    ];
    const stats = new Replies(new Map([[op.index, lines]])).of(op);
    assert.deepEqual(Object.fromEntries(stats), { bytes: "12", evictions: "off" });
  });
});

describe("Replies.existing", () => {
  it("Replies.existing lists the adds whose key was taken, and no others", () => {
    const replies = new Replies(
      new Map([
        [3, [reply(exists)]],
        [5, [reply(outOfMemory)]],
        [8, [reply(notStored)]],
      ]),
    );
    assert.deepEqual(replies.existing, [3, 8]);
  });
});

describe("counterValue", () => {
  it("counterValue reads decimal text with blanks behind it, and 2^64 - 1 as -1", () => {
    assert.equal(counterValue(Buffer.from("12   ")), 12n);
    assert.equal(counterValue(Buffer.from("18446744073709551615")), -1n);
    assert.equal(counterValue(null), null);
  });

  it("counterValue reads what counterText writes, also below 0, and memcached takes it as a number", () => {
    for (const value of [0, 12, -1, -40, Number.MAX_SAFE_INTEGER]) {
      const text = counterText(value);
      assert.match(text, /^\d{1,20}$/);
      assert.equal(counterValue(Buffer.from(text)), BigInt(value));
    }
  });

  it("counterValue throws on bytes that are no counter", () => {
    for (const text of ["", "-1", "1x", "1 2", "9".repeat(21)]) {
      assert.throws(() => counterValue(Buffer.from(text)), rejected, JSON.stringify(text));
    }
  });
});
