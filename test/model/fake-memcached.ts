/**
 * One memcached server in memory, at the level of the bytes that our client sends: what a pipeline of
 * ours does to it, and what it answers. `fake-memcached.test.ts` holds it against the real one.
 *
 * `onSlot` is called for each slot that is written.
 */
import { Replies, type Reply } from "#lib/memcached/pipeline.ts";
import { isTombstone } from "#lib/queue/slot-codec.ts";

interface Item {
  readonly value: Buffer;
  readonly version: number;
  /** Tick at which it is gone; 0: never. */
  readonly expires: number;
}

interface Request {
  readonly opcode: number;
  readonly opaque: number;
  readonly version: number;
  readonly extras: Buffer;
  readonly key: string;
  readonly value: Buffer;
}

const ok = 0x00;
const notFound = 0x01;
const exists = 0x02;
const headerBytes = 24;
const statOpcode = 0x10;
const doNotCreate = 0xffff_ffff;

export class FakeMemcached {
  readonly #now: () => number;
  readonly #items = new Map<string, Item>();
  #versions = 0;
  /** Goes up when the server is started again: connections from before are dead. */
  restarts = 0;
  /** Goes up when the memory is lost. */
  memory = 1;
  /** Called when a batch is about to be written. */
  onSlot: (key: string, value: Buffer) => void = () => {};
  /** What the server's statistics say. */
  statistics: () => Readonly<Record<string, string>> = () => ({});

  /** @param now - milliseconds; expiry counts in whole seconds of it, as memcached's does. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Forgets everything; connections stay. */
  flush(): void {
    this.#items.clear();
    this.memory += 1;
  }

  /** Killed and started again. */
  restart(): void {
    this.flush();
    this.restarts += 1;
  }

  /** Keys of slots that hold a batch. */
  get slots(): string[] {
    return [...this.#items]
      .filter(([key, { value }]) => key.includes(":s:") && !isTombstone(value))
      .map(([key]) => key);
  }

  /** The keys of all items, gone ones too. */
  get keys(): Iterable<string> {
    return this.#items.keys();
  }

  /** What `lru_crawler metadump all` answers. */
  dump(): string {
    const seconds = Math.floor(Number(this.statistics().time ?? 0));
    const lines = [...this.#items].map(
      ([key, { version }]) =>
        `key=${encodeURIComponent(key)} exp=-1 la=${seconds} cas=${version} fetch=no cls=1 size=1\r\n`,
    );
    return `${lines.join("")}END\r\n`;
  }

  /** A value, past everything. */
  peek(key: string): Buffer | undefined {
    return this.#get(key)?.value;
  }

  /** Does what an encoded pipeline asks for. */
  execute(bytes: Buffer, firstOpaque: number): Replies {
    const replies = new Map<number, Reply[]>();
    for (const request of requestsIn(bytes)) {
      const index = request.opaque - firstOpaque;
      if (request.opcode === statOpcode) replies.set(index, this.#stats(request.key));
      const reply = this.#answer(request);
      if (reply) replies.set(index, [reply]);
    }
    return new Replies(replies);
  }

  #get(key: string): Item | undefined {
    const item = this.#items.get(key);
    if (!item || item.expires === 0 || item.expires > this.#tick) return item;
    this.#items.delete(key);
    return undefined;
  }

  get #tick(): number {
    return Math.floor(this.#now() / 1000);
  }

  #store(key: string, value: Buffer, ttlSeconds: number): void {
    if (key.includes(":s:") && !isTombstone(value)) this.onSlot(key, value);
    this.#versions += 1;
    const expires = this.#expiryOf(ttlSeconds);
    this.#items.set(key, { value, version: this.#versions, expires });
  }

  #expiryOf(ttlSeconds: number): number {
    return ttlSeconds === 0 ? 0 : this.#tick + ttlSeconds;
  }

  #stats(group: string): Reply[] {
    if (group !== "") return [reply(ok)];
    const lines = Object.entries(this.statistics());
    return lines.map(([name, value]) => ({
      ...reply(ok, Buffer.from(value)),
      key: Buffer.from(name),
    }));
  }

  /** `undefined`: a quiet operation with nothing to say. */
  #answer(request: Request): Reply | undefined {
    const { opcode, extras, key, value, version } = request;
    const item = this.#get(key);
    switch (opcode) {
      case 0x09: // getq
        return item && reply(ok, item.value, item.version);
      case 0x12: // addq
        if (item) return reply(exists);
        return void this.#store(key, value, extras.readUInt32BE(4));
      case 0x13: // replaceq
        if (!item) return reply(notFound);
        if (version !== 0 && version !== item.version) return reply(exists);
        return void this.#store(key, value, extras.readUInt32BE(4));
      case 0x14: // deleteq
        if (!item) return reply(notFound);
        if (version !== 0 && version !== item.version) return reply(exists);
        return void this.#items.delete(key);
      case 0x05: // incr
        return this.#count(key, item, extras);
      case 0x1c: // touch
        if (!item) return reply(notFound);
        this.#items.set(key, { ...item, expires: this.#expiryOf(extras.readUInt32BE(0)) });
        return reply(ok);
      case 0x0a: // noop
      case statOpcode:
        return undefined;
      default:
        throw new RangeError(`the fake does not know opcode ${opcode}`);
    }
  }

  #count(key: string, item: Item | undefined, extras: Buffer): Reply {
    const expiry = extras.readUInt32BE(16);
    if (!item) {
      if (expiry === doNotCreate) return reply(notFound);
      const initial = extras.readBigUInt64BE(8);
      this.#store(key, Buffer.from(String(initial)), expiry);
      return counted(initial);
    }
    const before = BigInt(item.value.toString().trim());
    const after = BigInt.asUintN(64, before + extras.readBigUInt64BE(0));
    // A number that got shorter is padded with blanks, in place.
    const text = String(after).padEnd(item.value.length);
    this.#versions += 1;
    this.#items.set(key, { ...item, value: Buffer.from(text), version: this.#versions });
    return counted(after);
  }
}

function reply(status: number, value: Buffer = Buffer.alloc(0), version = 0): Reply {
  const cas = Buffer.alloc(8);
  cas.writeBigUInt64BE(BigInt(version));
  return { status, key: Buffer.alloc(0), value, cas };
}

function counted(count: bigint): Reply {
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(count);
  return reply(ok, value);
}

function* requestsIn(bytes: Buffer): Generator<Request> {
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + headerBytes + bytes.readUInt8(at + 4);
    const valueAt = keyAt + bytes.readUInt16BE(at + 2);
    const end = at + headerBytes + bytes.readUInt32BE(at + 8);
    yield {
      opcode: bytes.readUInt8(at + 1),
      opaque: bytes.readUInt32BE(at + 12),
      version: Number(bytes.readBigUInt64BE(at + 16)),
      extras: bytes.subarray(at + headerBytes, keyAt),
      key: bytes.toString("latin1", keyAt, valueAt),
      value: Buffer.from(bytes.subarray(valueAt, end)),
    };
    at = end;
  }
}
