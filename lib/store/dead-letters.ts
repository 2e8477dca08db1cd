/** What could not be counted, kept with its bytes and a reason: the table `dead_letters`. */
import type { Epoch, PollId } from "../ids.ts";
import { type Database, hexLiteral, timeLiteral } from "./pool.ts";

export interface DeadLetter {
  /** `undefined`: not even that could be read. */
  readonly pollId: PollId | undefined;
  readonly slot: number;
  /** A sentence in ASCII, at most 255 characters. */
  readonly reason: string;
  /** A whole slot: the original bytes, or the refused ballots encoded again. */
  readonly bytes: Buffer;
  /** Ballots in it, as far as known. */
  readonly ballots: number;
}

/** Puts letters aside; part of the flush's transaction. */
export async function insertDeadLetters(
  db: Database,
  epoch: Epoch,
  letters: readonly DeadLetter[],
  nowMs: number,
): Promise<void> {
  for (const letter of letters) {
    const reason = letter.reason.replaceAll(/[^ -~]/g, "?").slice(0, 255);
    await db.write(
      "dead_letters.insert",
      `INSERT INTO dead_letters (poll_id, epoch, slot, reason, bytes, ballots, created_at)
       VALUES (?, ?, ?, ?, ${hexLiteral(letter.bytes)}, ?, ${timeLiteral(nowMs)})`,
      [letter.pollId ?? null, epoch, letter.slot, reason, letter.ballots],
    );
  }
}
