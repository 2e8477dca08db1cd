/**
 * Ballots that were received before their poll closed, and were set aside because they came when it was final: what
 * reopening the count counts.
 */
import type { PollId } from "../model/ids.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import type { Database } from "../store/database.ts";
import { type LetterContents, lettersRefusedAsFinal } from "../store/dead-letters.ts";

const lettersPerQuery = 500;

/** The numbers of their dead letters, in portions that fit into one transaction. @throws StoreFailure. */
export async function* timelyLetters(
  db: Database,
  pollId: PollId,
  closesAtMs: number,
): AsyncGenerator<readonly number[]> {
  let afterId = 0;
  for (;;) {
    const letters = await lettersRefusedAsFinal(db, pollId, afterId, lettersPerQuery);
    const timely = letters.filter(letter => isTimely(letter, closesAtMs)).map(({ id }) => id);
    if (timely.length > 0) yield timely;
    const last = letters.at(-1);
    if (!last || letters.length < lettersPerQuery) return;
    afterId = last.id;
  }
}

/** How many there are. @throws StoreFailure. */
export async function countTimelyLetters(
  db: Database,
  pollId: PollId,
  closesAtMs: number,
): Promise<number> {
  let count = 0;
  for await (const ids of timelyLetters(db, pollId, closesAtMs)) count += ids.length;
  return count;
}

/** A letter with this reason was encoded by a flush, so it can be decoded. */
function isTimely({ bytes }: LetterContents, closesAtMs: number): boolean {
  const ballots = decodeBatch(bytes)?.ballots ?? [];
  return ballots.length > 0 && ballots.every(({ receivedAtMs }) => receivedAtMs < closesAtMs);
}
