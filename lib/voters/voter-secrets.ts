/**
 * Keys for signing and hashing, derived from the configured secrets, one for each secret and purpose. So a value made
 * for one purpose is not valid for another.
 *
 * A poll keeps the secret that it was created with: voter keys, identities that are derived from ballot ids, and receipts
 * of a poll never change while secrets rotate (`docs/decisions/0028-a-poll-keeps-its-secret.md`). Cookies and receipts
 * are verified under every known secret.
 *
 * Source: HKDF (RFC 5869), as Node's crypto provides it.
 */
import { hkdfSync } from "node:crypto";
import type { Poll } from "../model/poll.ts";
import { KeyedHash } from "./keyed-hash.ts";

export interface VoterSecrets {
  /** Names the secret in MySQL and memcached; the secret can't be found from it. 16 hex digits. */
  readonly digest: string;
  /** Signs voter cookies. */
  readonly cookie: KeyedHash;
  /** Signs voter tokens. */
  readonly token: KeyedHash;
  /** Makes voter keys, which identify a voter within one poll only. */
  readonly voter: KeyedHash;
  /** Signs receipt codes. */
  readonly receipt: KeyedHash;
}

const digestBytes = 8;

/** 32 bytes for one purpose. */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "floodgate", purpose, 32));
}

/** What a secret is called where the secret itself must not be. */
export function secretDigest(secret: string): string {
  const digest = new KeyedHash(deriveKey(secret, "fleet record")).digest(digestBytes, "");
  return digest.toString("hex");
}

export function deriveVoterSecrets(secret: string): VoterSecrets {
  return {
    digest: secretDigest(secret),
    cookie: new KeyedHash(deriveKey(secret, "voter cookie")),
    token: new KeyedHash(deriveKey(secret, "voter token")),
    voter: new KeyedHash(deriveKey(secret, "voter key")),
    receipt: new KeyedHash(deriveKey(secret, "receipt")),
  };
}

/** The secrets of this process: the current one and previous ones. */
export class KnownSecrets {
  /** Newest first; at least one. */
  readonly all: readonly VoterSecrets[];
  readonly #byDigest: ReadonlyMap<string, VoterSecrets>;

  constructor({ secret, previousSecrets }: SecretSettings) {
    this.all = [secret, ...previousSecrets].map(deriveVoterSecrets);
    this.#byDigest = new Map(this.all.map(each => [each.digest, each]));
  }

  /**
   * The secret of a poll; `undefined`: this process does not know it. A poll without one is from a release that knew a
   * single secret, so it has the oldest.
   */
  of({ secretDigest: digest }: Pick<Poll, "secretDigest">): VoterSecrets | undefined {
    return digest === undefined ? this.all.at(-1) : this.#byDigest.get(digest);
  }

  isNewer(a: VoterSecrets, b: VoterSecrets): boolean {
    return this.all.indexOf(a) < this.all.indexOf(b);
  }
}

/** The settings that hold secrets; previous ones are newest first. */
export interface SecretSettings {
  readonly secret: string;
  readonly previousSecrets: readonly string[];
}
