/**
 * Keys for signing and hashing, derived from the configured secret, one for each purpose. So a value made for one
 * purpose is not valid for another.
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
  /** Makes voter keys, which identify a voter within one poll only. */
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
