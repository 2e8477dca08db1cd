/**
 * Error numbers against statements, on the wire: a proxy between a store and MySQL answers one statement with one error
 * after the other, until MySQL is healthy again and the work is committed.
 */
import assert from "node:assert/strict";
import { after } from "node:test";
import { readBooks } from "#lib/books/books.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { PollId } from "#lib/model/ids.ts";
import { Store } from "#lib/store/database.ts";
import { dataErrors, isStoreFailure } from "#lib/store/failure.ts";
import { FaultProxy, type ForgedAnswer } from "./fault-proxy.ts";
import { ballot, type startFlushBench } from "./flush-bench.ts";
import { answerStatements, executed, failed } from "./mysql-errors.ts";

type Bench = Awaited<ReturnType<typeof startFlushBench>>;

/** Numbers that nodes of clusters, full disks, restarts and proxies are known to answer. */
const notorious = [1205, 1213, 1290, 1317, 1364, 1836, 1927, 1969, 3024, 3100, 3101, 3169, 3572];
const others = Array.from({ length: 170 }, (_, index) => 1_000 + index);
const passing = [...new Set([...notorious, ...others])].filter(n => !dataErrors.includes(n));

const attemptsMax = 60;

export const numbersSwept = passing.length + dataErrors.length;

/** Statements that every way into MySQL has. */
export const commonStatements: readonly string[] = [
  "SET SESSION time_zone",
  "SET SESSION TRANSACTION",
  "transaction.start",
  "batches.known",
  "batches.insert",
  "polls.share",
  "polls.share_options",
  "ballots.insert",
  "ballots.lock",
  "ballots.replace",
  "totals.add_polls",
  "totals.add_options",
  "acceptances.arrive",
  "transaction.commit",
];

export interface Work {
  /** Prepares something to commit, which `statement` (or "any") is part of. */
  readonly begin: (statement?: string) => Promise<void>;
  /** Tries to commit it; true: it is committed. */
  readonly attempt: () => Promise<boolean>;
}

/** Of two sweeps that share the work, one; the notorious numbers and the data errors are in both. */
export type Share = 0 | 1;

/** The numbers in runs: those of one run are answered one after the other, then MySQL is healthy. */
function runs(share?: Share): number[][] {
  const mine = passing.filter(
    (errno, index) => share === undefined || notorious.includes(errno) || index % 2 === share,
  );
  const found: number[][] = [];
  for (let at = 0, length = 1; at < mine.length; at += length, length = (length % 6) + 1) {
    found.push(mine.slice(at, at + length));
  }
  return found;
}

/** Answers that statements give, each once, before they are executed again. */
type Plan = ReadonlyMap<string, ForgedAnswer[]>;

export class ErrorSweep {
  readonly #proxy: FaultProxy;
  /** Reaches MySQL through the proxy. */
  readonly store: Store;

  private constructor(proxy: FaultProxy, databaseUrl: string) {
    this.#proxy = proxy;
    const url = new URL(databaseUrl);
    url.port = String(proxy.port);
    this.store = new Store({
      url: url.href,
      connectionsMax: 2,
      statementMs: 10_000,
      localLoads: true,
    });
  }

  static async start({ database }: Bench): Promise<ErrorSweep> {
    const port = Number(new URL(database.url).port);
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
    const sweep = new ErrorSweep(proxy, database.url);
    after(async () => {
      await sweep.store.close();
      await proxy.stop();
    });
    return sweep;
  }

  /** The statements of some work on new connections, sorted. */
  async statementsOf({ begin, attempt }: Work): Promise<string[]> {
    const seen = new Set<string>();
    answerStatements(this.#proxy, statement => {
      seen.add(statement);
      return undefined;
    });
    for (let round = 0; round < 2; round++) {
      await begin();
      await attempt();
    }
    this.#proxy.heal();
    return [...seen].sort();
  }

  /** Works with every number against every statement, and with errors after COMMIT was executed. */
  async run(statements: readonly string[], work: Work, share?: Share): Promise<void> {
    // A data error is tried again at once, so the statements answer it one after the other, in one go.
    for (const errno of dataErrors) {
      this.#proxy.reset();
      const plan = new Map(statements.map(statement => [statement, [failed(errno)]]));
      await this.#workThrough("any", plan, work);
    }
    for (const errnos of runs(share)) {
      const answers = () => errnos.map(failed);
      for (const statement of statements) {
        // A session is set up only on a new connection.
        if (statement.startsWith("SET SESSION")) this.#proxy.reset();
        await this.#workThrough(statement, new Map([[statement, answers()]]), work);
      }
      const rollback = new Map([
        ["polls.share", answers()],
        ["transaction.rollback", answers()],
      ]);
      await this.#workThrough("transaction.rollback", rollback, work);
      if (statements.includes("ballots.load")) {
        const taken = new Map([
          ["ballots.load", errnos.map(() => failed(1180))],
          ["ballots.unload", answers()],
        ]);
        await this.#workThrough("ballots.unload", taken, work);
      }
      const commit = new Map([["transaction.commit", errnos.map(executed)]]);
      await this.#workThrough("transaction.commit", commit, work);
    }
  }

  /** Works until every planned answer was given and everything is committed. */
  async #workThrough(statement: string, plan: Plan, { begin, attempt }: Work): Promise<void> {
    const left = () => [...plan.values()].some(({ length }) => length > 0);
    answerStatements(this.#proxy, name => plan.get(name)?.shift());
    let done = true;
    for (let attempts = 0; attempts < attemptsMax; attempts++) {
      if (done && !left()) return;
      if (done) await begin(statement);
      try {
        done = await attempt();
      } catch (error) {
        if (!isStoreFailure(error)) throw error;
        done = false;
      }
    }
    assert.fail(`errors of ${statement}: not committed after ${attemptsMax} attempts`);
  }
}

/** Ballots of two voters for each batch: a new voter, and one who changes the ballot before. */
export class Voters {
  readonly #pollId: PollId;
  #changing: Ballot;
  #batches = 0;

  constructor(pollId: PollId) {
    this.#pollId = pollId;
    this.#changing = ballot(pollId);
  }

  next(): Ballot[] {
    const { voter, revision } = this.#changing;
    if (this.#batches > 0) {
      this.#changing = ballot(this.#pollId, { voter, revision: revision + 1 });
    }
    this.#batches += 1;
    return [ballot(this.#pollId), this.#changing];
  }

  /** Compares what was sent with what MySQL has, and that it set nothing aside. */
  async check({ store, count }: Bench): Promise<void> {
    assert.equal(await count("dead_letters", `poll_id = ${this.#pollId}`), 0);
    const books = (await readBooks(store, [this.#pollId])).get(this.#pollId);
    assert.ok(books);
    assert.deepEqual(
      [books.counted, books.replaced, books.setAside, books.balanced],
      [this.#batches + 1, this.#batches - 1, 0, true],
    );
    assert.equal(await count("ballots", `poll_id = ${this.#pollId}`), this.#batches + 1);
  }
}
