/**
 * Keys for everything that is signed or hashed here, derived from the one configured secret, one for
 * each purpose, so that a value made for one purpose is worthless for another.
 *
 * Source: HKDF (RFC 5869), as Node's crypto provides it.
 */
import { hkdfSync } from "node:crypto";
import { KeyedHash } from "./keyed-hash.ts";

export interface VoterSecrets {
  /** Signs voter cookies. */
  readonly cookie: KeyedHash;
  /** Signs voter tokens. */
  readonly token: KeyedHash;
  /** Makes voter keys: who voted in a poll, without saying who. */
  readonly voter: KeyedHash;
  /** Signs receipt codes. */
  readonly receipt: KeyedHash;
}

/** 32 bytes for one purpose. */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "floodgate", purpose, 32));
}

export function deriveVoterSecrets(secret: string): VoterSecrets {
  return {
    cookie: new KeyedHash(deriveKey(secret, "voter cookie")),
    token: new KeyedHash(deriveKey(secret, "voter token")),
    voter: new KeyedHash(deriveKey(secret, "voter key")),
    receipt: new KeyedHash(deriveKey(secret, "receipt")),
  };
}
