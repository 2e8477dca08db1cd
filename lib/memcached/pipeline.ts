/**
 * Several memcached operations that are sent in one write and answered together.
 *
 * A pipeline is a list of encoded requests. The session numbers them, adds a no-op after the last, and sends them in one
 * piece. A "quiet" operation answers only in the unusual case: no answer before the no-op's means a miss for `get` and
 * success for `add`. So a thousand adds that all succeed cost one small packet back.
 *
 * Invariant: this module does not retry, does not wait and knows no connection.
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

/** A queued operation: the index of its answer, and how to decode it. */
export interface Op<T> {
  readonly index: number;
  /** `undefined`: a quiet operation was not answered. */
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

  /** Indexes of the `add`s whose key existed; for pipelines that contain `add`s only. */
  get existing(): number[] {
    return [...this.#byIndex].flatMap(([index, [reply]]) =>
      reply?.status === status.exists || reply?.status === status.notStored ? [index] : [],
    );
  }
}

/** `full`: the server (`-M`) has no memory left for it. An existing value is unchanged. */
export type StoreReply = "stored" | "exists" | "full";
/** `null`: there is no such counter. `raced`: another call created it at the same time; call again. */
export type CounterReply = bigint | null | "raced" | "full";

/** A value and memcached's number for this version of it ("cas"). */
export interface Versioned {
  readonly value: Buffer;
  readonly version: Buffer;
}

const noExtras: readonly number[] = [];
/** An expiry for `incr` that means: do not create the counter. */
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

  /** The value with its version, for a later operation on that version only. */
  getVersioned(key: Key): Op<Versioned | null> {
    return this.#push(opcode.get, key, noExtras, "", decodeVersioned);
  }

  /** Stores unless the key exists. `ttlSeconds` 0: never expires. */
  add(key: Key, value: Buffer | string, ttlSeconds: number): Op<StoreReply> {
    return this.#push(opcode.add, key, storeExtras(ttlSeconds), value, decodeStore);
  }

  /**
   * Stores whether or not the key exists. On a full server the old value stays; memcached's own "set" *deletes* it.
   * Two operations: the second replaces what the first stored, or what was there before.
   */
  overwrite(key: Key, value: Buffer | string, ttlSeconds: number): Op<"stored" | "full"> {
    this.add(key, value, ttlSeconds);
    const { index } = this.replace(key, value, ttlSeconds);
    return { index, decode: decodeOverwrite };
  }

  /**
   * Stores only over an existing value; with `only`, only over that version. On a full server the old value stays.
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

  /** Deletes the value; with `only`, only that version. True when it was deleted. */
  delete(key: Key, only?: Versioned): Op<boolean> {
    const op = this.#push(opcode.delete, key, noExtras, "", decodeDelete);
    if (only) this.#requests.onlyVersion(op.index, only.version);
    return op;
  }

  /** Sets a value's time to live from now on; false when there is no value. */
  touch(key: Key, ttlSeconds: number): Op<boolean> {
    return this.#push(opcode.touch, key, [expiry(ttlSeconds)], "", decodeDelete);
  }

  /** Adds `amount` (0 … 2^53-1) and returns the new value; creates the counter only with `create`. */
  incr(key: Key, amount: number, create?: CreateCounter): Op<CounterReply> {
    return this.#push(opcode.incr, key, counterExtras(amount, create), "", decodeCounter);
  }

  /**
   * Subtracts `amount` and returns the new value, which may be below 0; never creates the counter.
   *
   * memcached's own "decr" stops at 0, so a later increment would end too high. Its "incr" wraps at 2^64.
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

/** Nothing to replace: there was no memory for the `add` before it. */
function decodeOverwrite(replies: readonly Reply[] | undefined): "stored" | "full" {
  return decodeReplace(replies) === "stored" ? "stored" : "full";
}

function decodeDelete(replies: readonly Reply[] | undefined): boolean {
  const reply = replies?.[0];
  if (!reply || reply.status === status.ok) return true;
  if (reply.status === status.notFound || reply.status === status.exists) return false;
  throw unexpected(reply);
}

/** Counters have 64 bits; memjs's own decoding is wrong from 2^32 on. */
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

/** The text that `counterValue` reads: memcached counts from 0 to 2^64 - 1, and takes no sign. */
export function counterText(value: number): string {
  return String(BigInt.asUintN(64, BigInt(value)));
}

/** A counter read with `get`: decimal text, padded with blanks when it was longer before; 2^64 - 1 is -1. */
export function counterValue(value: Buffer | null): bigint | null {
  if (value === null) return null;
  const text = value.toString("latin1").trim();
  if (!/^\d{1,20}$/.test(text)) {
    throw new MemcachedFailure("rejected", `not a counter: ${JSON.stringify(text.slice(0, 30))}`);
  }
  return BigInt.asIntN(64, BigInt(text));
}
