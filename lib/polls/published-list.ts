/**
 * The list of polls that readers see, in the order of their page: open polls, polls that will open, polls that closed
 * lately. Each front has it in its memory and reads it anew once a second.
 *
 * Invariant: unlisted polls and drafts are not in it.
 */
import { DAY, monotonicMs, SECOND } from "../base/clock.ts";
import { OverdueReads } from "../base/overdue-reads.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import type { Poll } from "../model/poll.ts";
import type { Database, Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { listedPolls } from "../store/poll-lists.ts";
import { orUndefinedWhenRefused } from "./or-when-refused.ts";
import type { ListTexts, PublishedCopies } from "./published-copies.ts";
import { writeCurrent } from "./write-current.ts";

/** One line of the list. */
export type ListedPoll = Pick<
  Poll,
  "slug" | "question" | "opensAtMs" | "closesAtMs" | "finalizedAtMs"
>;

const freshMs = SECOND;
const listedAfterClosingMs = 7 * DAY;
/** An item of memcached is 1 MB at most; a line is 1 kB at most. What is left out is found by state and by search. */
export const listedMax = 900;
/** As many as release 0.2.0 shows. */
const listedByEarlierMax = 200;

export interface PublishedListDeps {
  readonly copies: PublishedCopies;
  readonly store: Store;
  /** Reads from MySQL, through the circuit breaker where there is one. */
  readonly askMysql: <T>(read: (store: Store) => Promise<T>) => Promise<T>;
  /** How long a caller that has an older list waits for MySQL. */
  readonly patienceMs: () => number;
  /** Lets a write go on that no caller waits for. */
  readonly beside: (write: Promise<void>) => void;
}

export class PublishedList {
  readonly #deps: PublishedListDeps;
  readonly #reads = new SingleFlight<"list", void>();
  readonly #lookUps = new OverdueReads<"list", readonly ListedPoll[]>();
  #listed: { readonly polls: readonly ListedPoll[]; readonly readAtMs: number } | undefined;
  /** The text that `#listed` was parsed from. */
  #text: string | undefined;

  constructor(deps: PublishedListDeps) {
    this.#deps = deps;
  }

  /** True while a read of MySQL is under way that some caller has stopped waiting for. */
  get isOverdue(): boolean {
    return this.#lookUps.anyOverdue;
  }

  /** Reads the list from MySQL and writes it to memcached. @throws StoreFailure, MemcachedFailure. */
  async publish(nowMs: number): Promise<void> {
    const { store, copies } = this.#deps;
    await writeCurrent(
      () => readList(store, nowMs),
      polls => {
        this.#keep(polls);
        return copies.writeList(textsOf(polls));
      },
    );
  }

  /** True when memcached has another list than MySQL. One query. @throws StoreFailure, MemcachedFailure. */
  async isBehind(nowMs: number): Promise<boolean> {
    const { store, copies } = this.#deps;
    return copies.isListBehind(textsOf(await readList(store, nowMs)));
  }

  /** @throws StoreFailure, MemcachedFailure when neither can be asked and there is no older list. */
  async read(nowMs: number): Promise<readonly ListedPoll[]> {
    if (this.#listed && monotonicMs() - this.#listed.readAtMs < freshMs) return this.#listed.polls;
    try {
      await this.#reads.run("list", () => this.#read(nowMs));
    } catch (error) {
      if (!isMemcachedFailure(error) && !isStoreFailure(error)) throw error;
      if (!this.#listed) throw error;
    }
    return this.#listed?.polls ?? [];
  }

  async #read(nowMs: number): Promise<void> {
    const { copies, patienceMs, beside } = this.#deps;
    const text = await copies.readList();
    if (text) {
      const same = text === this.#text ? this.#listed?.polls : undefined;
      this.#keep(same ?? JSON.parse(text), text);
      return;
    }
    const lookUp = () => this.#lookUp(nowMs);
    const known = this.#listed;
    if (!known) {
      await this.#lookUps.run("list", lookUp);
      return;
    }
    const found = await orUndefinedWhenRefused(this.#lookUps.soon("list", lookUp, patienceMs()));
    if (found) return;
    this.#keep(known.polls);
    beside(copies.addList(JSON.stringify(known.polls), { putBack: true }));
  }

  async #lookUp(nowMs: number): Promise<readonly ListedPoll[]> {
    const { askMysql, copies, beside } = this.#deps;
    const polls = await askMysql(store => readList(store, nowMs));
    this.#keep(polls);
    beside(copies.addList(JSON.stringify(polls), { putBack: false }));
    return polls;
  }

  #keep(polls: readonly ListedPoll[], text?: string): void {
    this.#listed = { polls, readAtMs: monotonicMs() };
    this.#text = text;
  }
}

/** The list as MySQL has it. @throws StoreFailure. */
export async function readList(store: Database, nowMs: number): Promise<readonly ListedPoll[]> {
  const lines = await listedPolls(store, nowMs, nowMs - listedAfterClosingMs, listedMax);
  return lines.map(({ id: _, ...line }) => line);
}

/** The list as it is written. */
export const textsOf = (polls: readonly ListedPoll[]): ListTexts => ({
  text: JSON.stringify(polls),
  forEarlier: JSON.stringify(polls.slice(0, listedByEarlierMax)),
});
