/**
 * Waits until the site is quiescent (all queues empty, all ended epochs closed) and reads rows and totals from MySQL
 * and tallies from the API.
 */
import { AssertionError } from "node:assert";
import type { RowDataPacket } from "mysql2/promise";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import type { Epoch } from "#lib/model/ids.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import { isTombstone } from "#lib/queue/slot-codec.ts";
import { type QueueState, readQueues, readSlots } from "#lib/queue/slots.ts";
import { results } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import type { Site } from "#test/support/site.ts";
import type { Books, StoredRow, Sums } from "./checker.ts";

interface CheckpointRow extends RowDataPacket {
  readonly epoch: Epoch;
  readonly slot: number;
}

interface BallotRow extends RowDataPacket {
  readonly slug: string;
  readonly ballot: string;
  readonly choices: Buffer;
}

interface SumRow extends RowDataPacket {
  readonly slug: string;
  readonly ballots: number;
  readonly option_number: number;
  readonly votes: number;
}

interface CountRow extends RowDataPacket {
  readonly n: number;
}

const homes = 8;

/** Reads a site's queues and books over its own connections, which no fault affects. */
export class Inspector {
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  /** True when nothing waits, and nothing that was committed still lies in memcached. */
  async isQuiescent(): Promise<boolean> {
    const rows = await this.#site.query<CheckpointRow>(
      "SELECT epoch, slot FROM floodgate.checkpoints WHERE closed_at IS NULL",
    );
    const open = new Map(rows.map(row => [row.epoch, Number(row.slot)]));
    const queues = (await this.#eachServer(queuesOf)).flat();
    return (
      open.size === queues.length &&
      queues.every(({ epoch, pointer }) => open.get(epoch) === pointer) &&
      (await this.slotsLeft()) === 0
    );
  }

  /** Slots in memcached that hold ballots. */
  async slotsLeft(): Promise<number> {
    const counts = await this.#eachServer(async client => {
      let left = 0;
      for (const { queue, epoch, pointer } of await queuesOf(client)) {
        const numbers = Array.from({ length: pointer }, (_, index) => index + 1);
        const slots = await readSlots(client, queue, epoch, numbers);
        left += [...slots.values()].filter(bytes => !isTombstone(bytes)).length;
      }
      return left;
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async books(polls: readonly string[]): Promise<Books> {
    const totals = await this.#totals(polls);
    const tallies: Record<string, Sums> = {};
    for (const poll of polls) {
      const { ballots, options } = await results(this.#site, poll);
      const votes = Object.fromEntries(options.map(option => [option.id, option.votes]));
      tallies[poll] = { ballots, votes };
    }
    return {
      rows: await this.#rows(polls),
      totals,
      tallies,
      votersTwice: await this.#votersTwice(),
      slotsLeft: await this.slotsLeft(),
    };
  }

  /** Missing slots that were closed, in all epochs of all queues. */
  async missingSlots(): Promise<number> {
    return this.#count("SELECT COALESCE(SUM(missing_slots), 0) AS n FROM floodgate.checkpoints");
  }

  async deadLetters(): Promise<number> {
    return this.#count("SELECT COUNT(*) AS n FROM floodgate.dead_letters");
  }

  async #count(sql: string): Promise<number> {
    return Number((await this.#site.query<CountRow>(sql))[0]?.n);
  }

  async #rows(polls: readonly string[]): Promise<StoredRow[]> {
    const rows = await this.#site.query<BallotRow>(
      `SELECT slug, LOWER(HEX(ballot_id)) AS ballot, choices
       FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id WHERE slug IN (?)`,
      [polls],
    );
    return rows.map(({ slug, ballot, choices }) => ({
      poll: slug,
      ballot,
      choice: [...choices].join(),
    }));
  }

  async #totals(polls: readonly string[]): Promise<Record<string, Sums>> {
    const rows = await this.#site.query<SumRow>(
      `SELECT slug, ballots, option_number, votes
       FROM floodgate.polls JOIN floodgate.poll_totals ON poll_totals.poll_id = polls.id
       JOIN floodgate.option_totals ON option_totals.poll_id = polls.id WHERE slug IN (?)`,
      [polls],
    );
    const totals: Record<string, Sums> = {};
    for (const { slug, ballots, option_number, votes } of rows) {
      const before = totals[slug]?.votes ?? {};
      totals[slug] = {
        ballots: Number(ballots),
        votes: { ...before, [option_number]: Number(votes) },
      };
    }
    return totals;
  }

  #votersTwice(): Promise<number> {
    return this.#count(
      `SELECT COUNT(*) AS n FROM (SELECT 1 FROM floodgate.ballots
       GROUP BY poll_id, voter HAVING COUNT(*) > 1) AS twice`,
    );
  }

  async #eachServer<T>(work: (client: MemcachedClient) => Promise<T>): Promise<T[]> {
    return Promise.all(
      this.#site.memcached.map(async ({ port }) => {
        const client = testClient(port);
        try {
          return await work(client);
        } finally {
          client.close();
        }
      }),
    );
  }
}

const queuesOf = (client: MemcachedClient): Promise<QueueState[]> =>
  readQueues(client, allQueueNames(homes));

/** Does `work`; ignores the error when a server is away just now or a front answers 503. */
export async function patiently(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMemcachedFailure(error) && !isConnectionError(error) && !isUnanswered(error))
      throw error;
  }
}

/** A front that has just come back may know of no memcached yet, and says so (503). */
function isUnanswered(error: unknown): boolean {
  return error instanceof AssertionError && error.actual === 503;
}

function isConnectionError(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  const known = /^(ECONN|UND_ERR_SOCKET|PROTOCOL_CONNECTION_LOST|ER_CON_COUNT)/;
  return known.test(code ?? cause?.code ?? "");
}
