/** What MySQL knows for a receipt: the poll, one voter's ballot in it, and dead letters. */
import type { BallotId, PollId, PollKey, Slug } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

/** The poll of a receipt. */
export interface ReceiptPoll {
  readonly key: PollKey;
  readonly slug: Slug;
  readonly question: string;
  readonly final: boolean;
}

/** A voter's ballot that stands. */
export interface StandingBallot {
  readonly ballotId: BallotId;
  readonly revision: number;
  /** It has no choices. */
  readonly withdrawn: boolean;
  readonly receivedAtMs: number;
  /** `null`: its batch is older than the rows of `batches`. */
  readonly storedAtMs: number | null;
}

interface JoinedRow extends Row {
  readonly poll_key: string | number;
  readonly slug: string;
  readonly question: string;
  readonly finalized_at: Date | null;
  readonly ballot_id: Buffer | null;
  readonly revision: number | null;
  readonly withdrawn: number | null;
  readonly received_at: Date | null;
  readonly committed_at: Date | null;
}

interface LetterRow extends Row {
  readonly bytes: Buffer;
}

/**
 * The poll, and the ballots in it whose voter keys begin with `voterStart` (hex digits, long enough to be unique in
 * practice). `undefined`: the poll was deleted. One query, by primary keys only.
 */
export async function findStanding(
  db: Database,
  pollId: PollId,
  voterStart: string,
): Promise<{ poll: ReceiptPoll; ballots: readonly StandingBallot[] } | undefined> {
  const first = voterStart.padEnd(32, "0");
  const last = voterStart.padEnd(32, "f");
  const rows = await db.rows<JoinedRow>(
    "receipts.standing",
    `SELECT COALESCE(polls.poll_key, polls.id) AS poll_key, polls.slug, polls.question, polls.finalized_at,
       ballots.ballot_id, ballots.revision, LENGTH(ballots.choices) = 0 AS withdrawn,
       ballots.received_at, batches.committed_at
     FROM polls
     LEFT JOIN ballots ON ballots.poll_id = ?
       AND ballots.voter BETWEEN 0x${first} AND 0x${last}
     LEFT JOIN batches ON batches.batch_id = ballots.batch_id
     WHERE polls.id = ?`,
    [pollId, pollId],
  );
  const [poll] = rows;
  if (!poll) return undefined;
  return {
    poll: {
      key: String(poll.poll_key) as PollKey,
      slug: poll.slug as Slug,
      question: poll.question,
      final: poll.finalized_at !== null,
    },
    ballots: rows.flatMap(standingIn),
  };
}

function standingIn(row: JoinedRow): readonly StandingBallot[] {
  const { ballot_id: ballotId, received_at, revision, withdrawn, committed_at } = row;
  if (!ballotId || !received_at) return [];
  return [
    {
      ballotId: ballotId.toString("hex") as BallotId,
      revision: Number(revision),
      withdrawn: Number(withdrawn) === 1,
      receivedAtMs: received_at.getTime(),
      storedAtMs: committed_at?.getTime() ?? null,
    },
  ];
}

/**
 * The bytes of a poll's dead letters that have the beginning of a voter key (hex digits) in them: the voter's, and by
 * chance another. One query, by an index.
 */
export async function deadLettersOfVoter(
  db: Database,
  pollId: PollId,
  voterStart: string,
): Promise<readonly Buffer[]> {
  const rows = await db.rows<LetterRow>(
    "receipts.letters",
    "SELECT bytes FROM dead_letters WHERE poll_id = ? AND LOCATE(?, bytes) > 0",
    [pollId, Buffer.from(voterStart, "hex")],
  );
  return rows.map(({ bytes }) => bytes);
}
