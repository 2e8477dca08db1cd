/**
 * Row locks: shared or exclusive, held until their transaction ends, given in the order in which they were asked for.
 *
 * A circle of transactions that wait for each other ends with an error for the one that closed it (1213); a long wait
 * ends with 1205. As in InnoDB, a row that does not exist yet can be locked: an insert of the same key waits.
 */
import type { MysqlError } from "./errors.ts";
import { mysqlError } from "./errors.ts";

export type LockMode = "share" | "exclusive";

/** A transaction, as locks see it. */
export type Owner = object;

interface Waiter {
  readonly owner: Owner;
  readonly mode: LockMode;
  readonly grant: () => void;
  readonly refuse: (error: MysqlError) => void;
}

class RowLock {
  readonly holders = new Map<Owner, LockMode>();
  waiters: Waiter[] = [];

  allows(owner: Owner, mode: LockMode): boolean {
    const others = [...this.holders].filter(([holder]) => holder !== owner);
    return mode === "share" ? others.every(([, held]) => held === "share") : others.length === 0;
  }

  give(owner: Owner, mode: LockMode): void {
    if (this.holders.get(owner) !== "exclusive") this.holders.set(owner, mode);
  }
}

const deadlock = () => mysqlError(1213, "ER_LOCK_DEADLOCK");
const lockWaitTimeout = () => mysqlError(1205, "ER_LOCK_WAIT_TIMEOUT");
const waitMsMax = 2_000;

export class Locks {
  readonly #rows = new Map<string, RowLock>();
  readonly #waitsFor = new Map<Owner, RowLock>();
  readonly #after: (ms: number, run: () => void) => void;

  /** @param after - runs something after a time, for waits that take too long. */
  constructor(after: (ms: number, run: () => void) => void) {
    this.#after = after;
  }

  /** Takes a lock if nobody has to wait for it. */
  tryTake(owner: Owner, row: string, mode: LockMode): boolean {
    const lock = this.#lockOf(row);
    if (!lock.allows(owner, mode) || lock.waiters.length > 0)
      return lock.holders.get(owner) === mode;
    lock.give(owner, mode);
    return true;
  }

  /** Takes a lock, or waits for it; `undefined`: it is there at once. @throws MysqlError 1213, 1205. */
  take(owner: Owner, row: string, mode: LockMode): Promise<void> | undefined {
    const lock = this.#lockOf(row);
    const held = lock.holders.get(owner);
    if (held === "exclusive" || held === mode) return undefined;
    if (lock.allows(owner, mode) && (lock.waiters.length === 0 || held)) {
      lock.give(owner, mode);
      return undefined;
    }
    if (this.#closesCircle(owner, lock)) return Promise.reject(deadlock());
    return new Promise((grant, refuse) => {
      const waiter: Waiter = { owner, mode, grant, refuse };
      lock.waiters.push(waiter);
      this.#waitsFor.set(owner, lock);
      this.#after(waitMsMax, () => {
        if (!lock.waiters.includes(waiter)) return;
        this.#giveUp(lock, owner);
        refuse(lockWaitTimeout());
      });
    });
  }

  /** The transaction has ended. */
  release(owner: Owner): void {
    const waiting = this.#waitsFor.get(owner);
    if (waiting) this.#giveUp(waiting, owner);
    for (const [row, lock] of this.#rows) {
      if (lock.holders.delete(owner)) this.#grantNext(lock);
      if (lock.holders.size === 0 && lock.waiters.length === 0) this.#rows.delete(row);
    }
  }

  #lockOf(row: string): RowLock {
    const lock = this.#rows.get(row) ?? new RowLock();
    this.#rows.set(row, lock);
    return lock;
  }

  #giveUp(lock: RowLock, owner: Owner): void {
    lock.waiters = lock.waiters.filter(waiter => waiter.owner !== owner);
    this.#waitsFor.delete(owner);
    this.#grantNext(lock);
  }

  #grantNext(lock: RowLock): void {
    for (let next = lock.waiters[0]; next && lock.allows(next.owner, next.mode); ) {
      lock.waiters.shift();
      lock.give(next.owner, next.mode);
      this.#waitsFor.delete(next.owner);
      next.grant();
      next = lock.waiters[0];
    }
  }

  /** True when a holder of the lock waits, directly or not, for the owner. */
  #closesCircle(owner: Owner, lock: RowLock, seen: Set<RowLock> = new Set()): boolean {
    if (seen.has(lock)) return false;
    seen.add(lock);
    for (const other of [...lock.holders.keys(), ...lock.waiters.map(waiter => waiter.owner)]) {
      if (other === owner) {
        if (seen.size > 1) return true;
        continue;
      }
      const next = this.#waitsFor.get(other);
      if (next && this.#closesCircle(owner, next, seen)) return true;
    }
    return false;
  }
}
