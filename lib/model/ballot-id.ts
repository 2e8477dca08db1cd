/** Ballot ids as clients write them: UUIDs with dashes. */
import type { BallotId } from "./ids.ts";

const pattern = /^[0-9a-f]{32}$/;

/**
 * @param uuid - case-insensitive.
 * @throws RangeError when it is no UUID: the contract has checked it, and SQL statements rely on that.
 */
export function ballotIdOf(uuid: string): BallotId {
  const digits =
    uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24);
  const id = digits.toLowerCase();
  if (!pattern.test(id)) throw new RangeError("not a UUID");
  return id as BallotId;
}

export function uuidOf(id: BallotId): string {
  const start = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}`;
  return `${start}-${id.slice(16, 20)}-${id.slice(20)}`;
}
