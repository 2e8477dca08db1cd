/**
 * Prepared requests: each vote is another voter's. Without a cookie the voter is derived from the ballot's id. Returning
 * voters bring a cookie of their own, signed as the site signs it; cookies are made before the load begins.
 */
import { randomBytes } from "node:crypto";
import { identityCookie } from "#lib/voters/identity.ts";
import { deriveVoterSecrets } from "#lib/voters/voter-secrets.ts";
import type { Requested } from "./job.ts";

const headEnd = "\r\n\r\n";
const idBytes = 16;

/** So many cookies of voters that have not voted in the poll, one after the other in one buffer. */
class Cookies {
  readonly #bytes: Buffer;
  readonly #length: number;
  #at = 0;

  constructor({ secret, publicUrl, count }: NonNullable<Requested["cookies"]>) {
    const secrets = deriveVoterSecrets(secret);
    const next = () =>
      identityCookie(secrets, publicUrl, randomBytes(idBytes)).split(";", 1)[0] ?? "";
    this.#length = next().length;
    this.#bytes = Buffer.alloc(count * this.#length);
    for (let at = 0; at < this.#bytes.length; at += this.#length) {
      this.#bytes.write(next(), at, "latin1");
    }
  }

  /** @throws RangeError when all have been used: a second vote of a voter would be refused. */
  next(): string {
    if (this.#at >= this.#bytes.length) throw new RangeError("all cookies have been used");
    const at = this.#at;
    this.#at += this.#length;
    return this.#bytes.toString("latin1", at, this.#at);
  }
}

export class Requests {
  readonly #wanted: Requested;
  readonly #cookies: Cookies | undefined;
  readonly #run = randomBytes(4).toString("hex");
  /** Requests made so far. */
  sent = 0;

  constructor(wanted: Requested) {
    this.#wanted = wanted;
    this.#cookies = wanted.cookies && new Cookies(wanted.cookies);
  }

  next(): string {
    const { head, heads, bodyBefore, bodyAfter } = this.#wanted;
    const serial = (this.sent++).toString(16).padStart(12, "0");
    if (bodyAfter === undefined) return head;
    const plain = heads?.[this.sent % heads.length] ?? head;
    const whole = this.#cookies ? withCookie(plain, this.#cookies.next()) : plain;
    return `${whole}${bodyBefore}${this.#run}-${serial.slice(8)}-4000-8000-${serial}${bodyAfter}`;
  }
}

function withCookie(head: string, cookie: string): string {
  return `${head.slice(0, -headEnd.length)}\r\nCookie: ${cookie}${headEnd}`;
}
