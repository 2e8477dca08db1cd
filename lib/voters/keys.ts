/**
 * Keys for everything that is signed or hashed here, derived from the one configured secret, one for
 * each purpose, so that a value made for one purpose is worthless for another.
 *
 * Source: HKDF (RFC 5869), as Node's crypto provides it.
 */
import { hkdfSync } from "node:crypto";

export interface VoterSecrets {
  /** Signs voter cookies. */
  readonly cookie: Buffer;
  /** Signs voter tokens. */
  readonly token: Buffer;
  /** Makes voter keys: who voted in a poll, without saying who. */
  readonly voter: Buffer;
}

/** 32 bytes for one purpose. */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "floodgate", purpose, 32));
}

export function deriveVoterSecrets(secret: string): VoterSecrets {
  return {
    cookie: deriveKey(secret, "voter cookie"),
    token: deriveKey(secret, "voter token"),
    voter: deriveKey(secret, "voter key"),
  };
}
