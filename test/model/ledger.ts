/**
 * What readers offered and fronts accepted, and where each accepted ballot is held, by what is promised and not by what
 * the product says:
 *
 * - by its front, until the ballot is in MySQL for the first time, while that process lives;
 * - by each memcached server that it was written into, while that server keeps its memory: until it is in MySQL, and for
 *   the keep time after that;
 * - by MySQL, while its row is there.
 *
 * A ballot may be lost only when a fault takes its last holder.
 */
import type { BallotId, PollId, Slug, VoterKey } from "#lib/model/ids.ts";
import { decodeBatch, isTombstone } from "#lib/queue/slot-codec.ts";
import type { TableRow } from "./mysql/tables.ts";
import type { Transaction } from "./mysql/transaction.ts";
import type { SimulatedProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

export interface Offered {
  readonly slug: Slug;
  readonly pollId: PollId;
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly revision: number;
  readonly choices: Uint8Array;
}

export interface Accepted extends Offered {
  readonly front: SimulatedProcess;
  readonly atMs: number;
  /** The fault that took its last holder. */
  lostBy: string | undefined;
}

interface Slot {
  readonly server: number;
  readonly memory: number;
}

const keyOf = (pollId: number, voter: string, ballotId: string) => `${pollId}:${voter}:${ballotId}`;

export class Ledger {
  readonly offered: Offered[] = [];
  readonly accepted: Accepted[] = [];
  readonly #world: World;
  readonly #keepMs: number;
  /** The ballots of each batch that was written into a slot. */
  readonly #batches = new Map<string, readonly string[]>();
  readonly #slots = new Map<string, Slot[]>();
  /** When each ballot was last committed. */
  readonly #committedMs = new Map<string, number>();

  constructor(world: World, keepMs: number) {
    this.#world = world;
    this.#keepMs = keepMs;
    for (const [index, { server }] of world.memcached.entries()) {
      server.onSlot = (_, value) => this.#slotWritten(index, server.memory, value);
    }
  }

  accept(offered: Offered, front: SimulatedProcess): void {
    const { nowMs } = this.#world.simulation;
    const accepted: Accepted = { ...offered, front, atMs: nowMs, lostBy: undefined };
    this.accepted.push(accepted);
    // It was committed, and lost while the front waited for MySQL's answer.
    if (!this.isStored(accepted) && !this.#isHeld(accepted)) accepted.lostBy = "a fault before";
  }

  /** A transaction is about to change rows. */
  committing(tx: Transaction): void {
    const { nowMs } = this.#world.simulation;
    for (const row of tx.changes.get("ballots")?.values() ?? []) {
      if (row) this.#committedMs.set(rowKey(row), nowMs);
    }
    for (const batch of tx.changes.get("batches")?.keys() ?? []) {
      for (const ballot of this.#batches.get(batch) ?? []) this.#committedMs.set(ballot, nowMs);
    }
  }

  /** The row of a voter in a poll. */
  rowOf({ pollId, voter }: Pick<Offered, "pollId" | "voter">): TableRow | undefined {
    return this.#world.mysql.server.tables.rows("ballots").get(`${pollId}:${voter}`);
  }

  /** True when the ballot, or one that came in its place, is in MySQL, or can't be. */
  isStored(ballot: Offered): boolean {
    if (this.isRefused(ballot.voter)) return true;
    const row = this.rowOf(ballot);
    if (!row) return false;
    const revision = row.revision as number;
    return revision > ballot.revision || (revision === ballot.revision && this.#isOfVoter(row));
  }

  /** True when MySQL refuses this voter's ballots: they are as good as stored when they are set aside. */
  isRefused(voter: string): boolean {
    return this.#world.mysql.server.refusedVoters.has(voter);
  }

  /** True when the ballot itself is the row of its voter. */
  stands(ballot: Offered): boolean {
    const row = this.rowOf(ballot);
    return row !== undefined && hex(row.ballot_id) === ballot.ballotId;
  }

  /** Ballots of a poll that were written, are not stored, and whose front ended before it answered. */
  unanswered(pollId: PollId): number {
    const answered = this.accepted.map(each => keyOf(each.pollId, each.voter, each.ballotId));
    const stored = [...this.#world.mysql.server.tables.rows("ballots").values()].map(rowKey);
    const known = new Set([...answered, ...stored]);
    const written = new Set([...this.#slots.keys(), ...this.#committedMs.keys()]);
    return [...written].filter(key => key.startsWith(`${pollId}:`) && !known.has(key)).length;
  }

  /** After a fault that took something: which ballots have no holder any more? */
  noteLosses(fault: string): void {
    for (const each of this.accepted) {
      if (each.lostBy === undefined && !this.isStored(each) && !this.#isHeld(each)) {
        each.lostBy = fault;
        this.#world.history.count("state: a ballot lost its last holder");
        this.#world.history.note("MODEL", `${fault} took the last holder of ${describe(each)}`);
      }
    }
  }

  #isHeld(ballot: Accepted): boolean {
    const key = keyOf(ballot.pollId, ballot.voter, ballot.ballotId);
    const committedMs = this.#committedMs.get(key);
    if (committedMs === undefined && ballot.front.alive) return true;
    const { nowMs } = this.#world.simulation;
    if (committedMs !== undefined && committedMs + this.#keepMs <= nowMs) return false;
    const slots = this.#slots.get(key) ?? [];
    return slots.some(
      ({ server, memory }) => this.#world.memcached[server]?.server.memory === memory,
    );
  }

  #isOfVoter(row: TableRow): boolean {
    const id = (row.ballot_id as Buffer).toString("hex");
    return this.offered.some(each => each.ballotId === id);
  }

  #slotWritten(server: number, memory: number, value: Buffer): void {
    const batch = isTombstone(value) ? null : decodeBatch(value);
    if (!batch) return;
    const keys = batch.ballots.map(each => keyOf(each.pollId, each.voter, each.ballotId));
    this.#batches.set(batch.id.toString("hex"), keys);
    for (const key of keys) {
      const slots = this.#slots.get(key) ?? [];
      slots.push({ server, memory });
      this.#slots.set(key, slots);
    }
  }
}

const hex = (cell: unknown) => (cell as Buffer).toString("hex");

const rowKey = (row: TableRow) => keyOf(row.poll_id as number, hex(row.voter), hex(row.ballot_id));

export function describe({ slug, voter, revision, ballotId }: Offered): string {
  return `${slug}: voter ${voter.slice(0, 6)}, ballot ${ballotId.slice(0, 6)}, revision ${revision}`;
}
