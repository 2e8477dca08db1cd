/** Ballot ids as the outside writes them: UUIDs with dashes. */
import type { BallotId } from "../ids.ts";

/** @param uuid - one that is one: the contract has checked it. */
export function ballotIdOf(uuid: string): BallotId {
  const digits =
    uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24);
  return digits.toLowerCase() as BallotId;
}

export function uuidOf(id: BallotId): string {
  const start = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}`;
  return `${start}-${id.slice(16, 20)}-${id.slice(20)}`;
}
