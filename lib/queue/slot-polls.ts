/**
 * How a slot names the polls of its ballots (`slot-codec.ts`): by a list of poll keys in version 2, by numbers in
 * version 1.
 */
import type { Ballot } from "../model/ballot.ts";
import type { PollId, PollKey } from "../model/ids.ts";
import { keyOfId, type PollReference } from "../model/poll-key.ts";

/** Number of bytes that a poll takes in a slot of version 2, once for all its ballots. */
export const encodedPollBytes = 12;
const countBytes = 2;
/** In the list, in the place of a poll key that is not known. */
const noKey = 0n;

/** `by number`: release 0.2.0 accepted the ballots, so their poll keys are not known. */
export type Names = "by number" | "by number, which is the poll key" | "by list";

export function namesOf(ballots: readonly Ballot[]): Names {
  if (ballots.every(({ pollKey }) => pollKey === undefined)) return "by number";
  const numbersAreKeys = ballots.every(({ pollId, pollKey }) => pollKey === keyOfId(pollId));
  return numbersAreKeys ? "by number, which is the poll key" : "by list";
}

/** The list of polls of a slot of version 2. */
export class PollList {
  readonly #places = new Map<string, number>();
  readonly #polls: PollReference[] = [];

  constructor(ballots: readonly Ballot[]) {
    for (const ballot of ballots) {
      const name = nameOf(ballot);
      if (this.#places.has(name)) continue;
      this.#places.set(name, this.#polls.length);
      this.#polls.push(ballot);
    }
  }

  get bytes(): number {
    return countBytes + this.#polls.length * encodedPollBytes;
  }

  placeOf(ballot: Ballot): number {
    return this.#places.get(nameOf(ballot)) ?? 0;
  }

  /** Writes the list at `start`, and returns where it ends. */
  write(bytes: Buffer, start: number): number {
    let at = bytes.writeUInt16BE(this.#polls.length, start);
    for (const { pollId, pollKey = noKey } of this.#polls) {
      at = bytes.writeUInt32BE(pollId, at);
      at = bytes.writeBigUInt64BE(BigInt(pollKey), at);
    }
    return at;
  }
}

/** After MySQL went back, two polls of one batch may have the same number. */
const nameOf = ({ pollId, pollKey }: PollReference): string => `${pollId} ${pollKey}`;

/** The list at `start`, and where it ends; `undefined` when it is cut short at `end`. */
export function readPollList(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly polls: readonly PollReference[]; readonly end: number } | undefined {
  const first = start + countBytes;
  if (first > end) return undefined;
  const count = bytes.readUInt16BE(start);
  const listEnd = first + count * encodedPollBytes;
  if (listEnd > end) return undefined;
  const polls = Array.from({ length: count }, (_, place): PollReference => {
    const at = first + place * encodedPollBytes;
    const pollId = bytes.readUInt32BE(at) as PollId;
    const key = bytes.readBigUInt64BE(at + 4);
    return key === noKey ? { pollId } : { pollId, pollKey: String(key) as PollKey };
  });
  return { polls, end: listEnd };
}

/**
 * The polls of a slot of version 1, by number.
 *
 * @param numbersAreKeys - a release that knows poll keys wrote it.
 */
export class NumberedPolls {
  readonly #numbersAreKeys: boolean;
  readonly #polls = new Map<number, PollReference>();

  constructor(numbersAreKeys: boolean) {
    this.#numbersAreKeys = numbersAreKeys;
  }

  of(number: number): PollReference {
    const known = this.#polls.get(number);
    if (known) return known;
    const pollId = number as PollId;
    const poll = this.#numbersAreKeys ? { pollId, pollKey: keyOfId(pollId) } : { pollId };
    this.#polls.set(number, poll);
    return poll;
  }
}
