/**
 * Editions: an edition names a poll together with what readers vote on in it, its question and its options.
 *
 * A slug and option numbers don't: after a poll was deleted, another one may get its slug, and a draft's options may be
 * replaced. So pages, votes, results and what a browser stores carry the edition of the poll that the reader saw, and a
 * vote for another edition is refused.
 *
 * The text is the poll key in hex, a dot, and a digest: `9f1c20d4a7b3e685.Wv3kX0c2b1Q`. Only a poll that release 0.2.0
 * made has fewer than 16 digits before the dot.
 *
 * Source: `docs/decisions/0031-editions.md`
 */
import { createHash } from "node:crypto";
import type { Poll } from "./poll.ts";
import { pollKeyMin } from "./poll-key.ts";

type EditionParts = Pick<Poll, "key" | "kind" | "question" | "description" | "options">;

const keyDigits = 16;
/** 66 bits. */
const digestLength = 11;

/** Longer texts are no edition. */
export const editionLengthMax = 40;

/** The edition of a poll, as it is now. Fixed from shortly before the opening on. Cost: some microseconds. */
export function editionOf(poll: EditionParts): string {
  const key = BigInt(poll.key);
  const digits = key.toString(16).padStart(key < pollKeyMin ? 0 : keyDigits, "0");
  return `${digits}.${digestOf(poll)}`;
}

function digestOf({ kind, question, description, options }: EditionParts): string {
  const shown = options.map(({ number, label, image }) => [number, label, image?.url, image?.alt]);
  const text = JSON.stringify([kind, question, description, shown]);
  return createHash("sha256").update(text).digest("base64url").slice(0, digestLength);
}

/**
 * True when a vote for edition `seen` may count in the poll of edition `current`. A copy of a poll that release 0.2.0
 * published lacks the poll key, so there the digest alone decides.
 */
export function isSameEdition(current: string, seen: string): boolean {
  if (current === seen) return true;
  const [digits = "", digest] = current.split(".");
  return digits.length < keyDigits && digest !== undefined && seen.endsWith(`.${digest}`);
}

/** Remembers editions, so that a vote does not compute one. */
export class Editions {
  readonly #known = new WeakMap<Poll, string>();

  of(poll: Poll): string {
    const known = this.#known.get(poll);
    if (known !== undefined) return known;
    const edition = editionOf(poll);
    this.#known.set(poll, edition);
    return edition;
  }
}
