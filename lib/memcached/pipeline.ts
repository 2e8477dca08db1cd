/**
 * Several memcached operations that travel in one write and are answered together.
 *
 * A pipeline is a list of encoded requests; the session numbers them, adds a no-op behind the last,
 * and sends them as one piece. "Quiet" operations answer only when there is something to say: a
 * missing answer before the no-op's *is* the answer (a miss for `get`, success for `add`). So a
 * thousand adds that all succeed cost one small packet back.
 *
 * Invariant: nothing here retries, waits or knows about connections.
 *
 * Source: memcached's `doc/protocol-binary.txt`.
 */
import { DAY, SECOND, wallMs } from "../base/clock.ts";
import { MemcachedFailure, outOfMemoryStatus } from "./failure.ts";
import type { Key } from "./keys.ts";
import { RequestBytes } from "./request-bytes.ts";

const opcode = {
  get: 0x09, // getq
  add: 0x12, // addq
  replace: 0x13, // replaceq
  delete: 0x14, // deleteq
  incr: 0x05,
  stat: 0x10,
  touch: 0x1c,
} as const;

const status = {
  ok: 0x00,
  notFound: 0x01,
  exists: 0x02,
  notStored: 0x05,
  outOfMemory: outOfMemoryStatus,
} as const;

/** One answer of the server. */
export interface Reply {
  readonly status: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly cas: Buffer;
}

/** A queued operation: where its answer will be, and how to read it. */
export interface Op<T> {
  readonly index: number;
  /** `undefined` stands for the silence of a quiet operation. */
  readonly decode: (replies: readonly Reply[] | undefined) => T;
}

/** The answers to one pipeline. */
export class Replies {
  readonly #byIndex: ReadonlyMap<number, Reply[]>;

  constructor(byIndex: ReadonlyMap<number, Reply[]>) {
    this.#byIndex = byIndex;
  }

  /**
   * The decoded answer to `op`.
   *
   * @throws MemcachedFailure `rejected` when the server answered with a status that `op` does not expect.
   */
  of<T>(op: Op<T>): T {
    return op.decode(this.#byIndex.get(op.index));
  }

  /** Indexes of the `add`s that found their key taken: for pipelines of many adds and nothing else. */
  get existing(): number[] {
    return [...this.#byIndex].flatMap(([index, [reply]]) =>
      reply?.status === status.exists || reply?.status === status.notStored ? [index] : [],
    );
  }
}

/** `full`: the server has no memory left for it (`-M`). What was there is still there. */
export type StoreReply = "stored" | "exists" | "full";
/** `null`: there is no such counter. `raced`: two created it at once and this one lost; call again. */
export type CounterReply = bigint | null | "raced" | "full";

/** A value and memcached's own number for this very value of the key ("cas"). */
export interface Versioned {
  readonly value: Buffer;
  readonly version: Buffer;
}

const noExtras: readonly number[] = [];
/** As the expiry of `incr`: do not create the counter. */
const doNotCreate = 0xffffffff;

export interface CreateCounter {
  /** The value a missing counter is created *with*; the amount is not added to it. */
  readonly initial: number;
  /** Seconds a created counter lives. A TTL of n means (n-1, n]: memcached counts whole ticks. */
  readonly ttlSeconds: number;
}

export class Pipeline {
  readonly #requests = new RequestBytes();

  /** Number of operations so far. */
  get size(): number {
    return this.#requests.size;
  }

  /** The value, or `null` when there is none. */
  get(key: Key): Op<Buffer | null> {
    return this.#push(opcode.get, key, noExtras, "", decodeGet);
  }

  /** The value with its version, for a later operation that must meet the very same value. */
  getVersioned(key: Key): Op<Versioned | null> {
    return this.#push(opcode.get, key, noExtras, "", decodeVersioned);
  }

  /** Stores unless the key exists. `ttlSeconds` 0: never expires. */
  add(key: Key, value: Buffer | string, ttlSeconds: number): Op<StoreReply> {
    return this.#push(opcode.add, key, storeExtras(ttlSeconds), value, decodeStore);
  }

  /**
   * Stores, whatever is there. Refused on a full server, it leaves that alone; memcached's own "set" *deletes* it.
   * Two operations: the second finds what the first put there, or what was there before.
   */
  overwrite(key: Key, value: Buffer | string, ttlSeconds: number): Op<"stored" | "full"> {
    this.add(key, value, ttlSeconds);
    const { index } = this.replace(key, value, ttlSeconds);
    return { index, decode: decodeOverwrite };
  }

  /**
   * Stores only over an existing value, with `only` over that very version; refused on a full server, it
   * leaves the old one alone.
   */
  replace(
    key: Key,
    value: Buffer | string,
    ttlSeconds: number,
    only?: Versioned,
  ): Op<StoreReply | "missing"> {
    const op = this.#push(opcode.replace, key, storeExtras(ttlSeconds), value, decodeReplace);
    if (only) this.#requests.onlyVersion(op.index, only.version);
    return op;
  }

  /** True when it was deleted; with `only`, nothing but that very version is. */
  delete(key: Key, only?: Versioned): Op<boolean> {
    const op = this.#push(opcode.delete, key, noExtras, "", decodeDelete);
    if (only) this.#requests.onlyVersion(op.index, only.version);
    return op;
  }

  /** Gives a value so long to live from now on; false when there is none. */
  touch(key: Key, ttlSeconds: number): Op<boolean> {
    return this.#push(opcode.touch, key, [expiry(ttlSeconds)], "", decodeDelete);
  }

  /** Adds `amount` (0 … 2^53-1) and gives the new value; creates the counter only if asked to. */
  incr(key: Key, amount: number, create?: CreateCounter): Op<CounterReply> {
    return this.#push(opcode.incr, key, counterExtras(amount, create), "", decodeCounter);
  }

  /**
   * Subtracts `amount` and gives the new value, which may be below 0; never creates the counter.
   *
   * memcached's own "decr" stops at 0, and then what comes up later is too much. Its "incr" wraps at 2^64.
   */
  decr(key: Key, amount: number): Op<CounterReply> {
    return this.#push(opcode.incr, key, counterExtras(-amount), "", decodeCounter);
  }

  /** The server's statistics: general, or of one group (`items`, `slabs`, `settings`). */
  stats(group = ""): Op<ReadonlyMap<string, string>> {
    return this.#push(opcode.stat, group, noExtras, "", decodeStats);
  }

  /**
   * The bytes to send: every request numbered from `firstOpaque`, and the closing no-op, whose number
   * is `firstOpaque + size`.
   */
  encode(firstOpaque: number): Buffer {
    return this.#requests.numbered(firstOpaque);
  }

  #push<T>(
    code: number,
    key: Key | string,
    extras: readonly number[],
    value: Buffer | string,
    decode: Op<T>["decode"],
  ): Op<T> {
    return { index: this.#requests.push(code, key, extras, value), decode };
  }
}

/** Flags (unused), expiry. */
function storeExtras(ttlSeconds: number): readonly number[] {
  return [0, expiry(ttlSeconds)];
}

/**
 * memcached reads an expiry of over 30 days as a date: a longer time to live would be "gone in 1970".
 */
function expiry(ttlSeconds: number): number {
  const thirtyDays = (30 * DAY) / SECOND;
  const whole = Math.ceil(ttlSeconds);
  return whole <= thirtyDays ? whole : Math.floor(wallMs() / SECOND) + whole;
}

/** Amount and initial value, each of 64 bits, and expiry. An amount below 0 is its two's complement. */
function counterExtras(amount: number, create?: CreateCounter): readonly number[] {
  const ends = create ? expiry(create.ttlSeconds) : doNotCreate;
  return [Math.floor(amount / 2 ** 32) >>> 0, amount >>> 0, 0, create?.initial ?? 0, ends];
}

function unexpected(reply: Reply): MemcachedFailure {
  return new MemcachedFailure("rejected", `status 0x${reply.status.toString(16)}`, {
    status: reply.status,
  });
}

function decodeGet(replies: readonly Reply[] | undefined): Buffer | null {
  const reply = replies?.[0];
  if (!reply || reply.status === status.notFound) return null;
  if (reply.status !== status.ok) throw unexpected(reply);
  return reply.value;
}

function decodeVersioned(replies: readonly Reply[] | undefined): Versioned | null {
  const value = decodeGet(replies);
  const reply = replies?.[0];
  return value && reply ? { value, version: reply.cas } : null;
}

function decodeStore(replies: readonly Reply[] | undefined): StoreReply {
  const reply = replies?.[0];
  if (!reply || reply.status === status.ok) return "stored";
  if (reply.status === status.exists || reply.status === status.notStored) return "exists";
  if (reply.status === status.outOfMemory) return "full";
  throw unexpected(reply);
}

function decodeReplace(replies: readonly Reply[] | undefined): StoreReply | "missing" {
  const reply = replies?.[0];
  if (reply?.status === status.notFound || reply?.status === status.notStored) return "missing";
  return decodeStore(replies);
}

/** Nothing there to replace: there was no room to add it. */
function decodeOverwrite(replies: readonly Reply[] | undefined): "stored" | "full" {
  return decodeReplace(replies) === "stored" ? "stored" : "full";
}

function decodeDelete(replies: readonly Reply[] | undefined): boolean {
  const reply = replies?.[0];
  if (!reply || reply.status === status.ok) return true;
  if (reply.status === status.notFound || reply.status === status.exists) return false;
  throw unexpected(reply);
}

/** Counters are 64 bits wide; memjs's own decoding is wrong from 2^32 on, so it is done here. */
function decodeCounter(replies: readonly Reply[] | undefined): CounterReply {
  const reply = replies?.[0];
  if (!reply) throw new MemcachedFailure("rejected", "a counter did not answer");
  if (reply.status === status.ok) return reply.value.readBigInt64BE(0);
  if (reply.status === status.notFound) return null;
  if (reply.status === status.notStored) return "raced";
  if (reply.status === status.outOfMemory) return "full";
  throw unexpected(reply);
}

function decodeStats(replies: readonly Reply[] | undefined): ReadonlyMap<string, string> {
  const stats = new Map<string, string>();
  for (const reply of replies ?? []) {
    if (reply.status !== status.ok) throw unexpected(reply);
    if (reply.key.length > 0) stats.set(reply.key.toString(), reply.value.toString());
  }
  return stats;
}

/** A counter read with `get`: decimal text, padded with blanks when it once was longer; 2^64 - 1 is -1. */
export function counterValue(value: Buffer | null): bigint | null {
  if (value === null) return null;
  const text = value.toString("latin1").trim();
  if (!/^\d{1,20}$/.test(text)) {
    throw new MemcachedFailure("rejected", `not a counter: ${JSON.stringify(text.slice(0, 30))}`);
  }
  return BigInt.asIntN(64, BigInt(text));
}
