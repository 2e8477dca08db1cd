/**
 * Time, processes and chance of a simulated run. Nothing happens except the next event, at a time that random numbers
 * decide, so a run of minutes takes milliseconds, and the same seed gives the same run.
 *
 * Every event belongs to a process. The events of a dead process are dropped; those of a paused one wait until it goes
 * on. The product's code does not know: while a run lasts, `installed` replaces the process's clocks, timers, random
 * numbers and host name.
 *
 * Invariant: between two events all promises settle, so `current` is the process whose code runs.
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

/** A machine: its name, and how far its clock is ahead of the true time. */
export interface Machine {
  readonly name: string;
  clockAheadMs: number;
}

/** A running program, or a part of the surroundings that is never killed. */
export class SimulatedProcess {
  readonly name: string;
  readonly machine: Machine;
  alive = true;
  /** Simulated time; its events wait until then. */
  pausedUntilMs = 0;

  constructor(name: string, machine: Machine) {
    this.name = name;
    this.machine = machine;
  }
}

/** What `setTimeout` gives, as far as the product uses it. */
class Timer {
  atMs: number;
  readonly order: number;
  readonly process: SimulatedProcess;
  run: (() => void) | undefined;

  constructor(atMs: number, order: number, process: SimulatedProcess, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.process = process;
    this.run = run;
  }

  unref(): this {
    return this;
  }
}

const real = {
  setTimeout,
  clearTimeout,
  setImmediate,
  performanceNow: performance.now,
  dateNow: Date.now,
  random: Math.random,
  randomBytes: crypto.randomBytes,
  randomUUID: crypto.randomUUID,
  hostname: os.hostname,
};

/** The true time when a run begins. */
const startedAtMs = Date.UTC(2026, 10, 27, 18);

export class Simulation {
  /** Since some moment before the run; what `performance.now` gives. */
  nowMs = 10_000;
  readonly random: () => number;
  /** Code that belongs to no process of the product: networks, readers, faults. */
  readonly surroundings = new SimulatedProcess("surroundings", { name: "-", clockAheadMs: 0 });
  current: SimulatedProcess = this.surroundings;
  /** Events that ran. */
  steps = 0;
  readonly #heap: Timer[] = [];
  #order = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  /** The true time, which no machine need have; milliseconds since 1970. */
  get trueMs(): number {
    return startedAtMs + this.nowMs;
  }

  between(min: number, max: number): number {
    return min + this.random() * (max - min);
  }

  integer(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  /** Runs `work` after a time, as `process`. */
  after(ms: number, work: () => void, process: SimulatedProcess = this.current): Timer {
    const timer = new Timer(this.nowMs + Math.max(0, ms), this.#order++, process, work);
    push(this.#heap, timer);
    return timer;
  }

  /** A sleep of the surroundings. */
  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve));
  }

  /** Runs events until `done` or until `untilMs`. False: time was up, or nothing was left to happen. */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    while (!done()) {
      const timer = pop(this.#heap);
      if (!timer) return false;
      if (timer.run === undefined || !timer.process.alive) continue;
      if (timer.process.pausedUntilMs > Math.max(timer.atMs, this.nowMs)) {
        timer.atMs = timer.process.pausedUntilMs;
        push(this.#heap, timer);
        continue;
      }
      if (timer.atMs > untilMs) return false;
      this.nowMs = Math.max(this.nowMs, timer.atMs);
      this.current = timer.process;
      this.steps += 1;
      timer.run();
      await settled();
    }
    return true;
  }

  /** Runs `work` with this simulation in place of the process's own clocks, timers and random numbers. */
  async installed<T>(work: () => Promise<T>): Promise<T> {
    performance.now = () => this.nowMs;
    Date.now = () => Math.floor(this.trueMs + this.current.machine.clockAheadMs);
    Math.random = this.random;
    globalThis.setTimeout = ((run: () => void, ms = 0) =>
      this.after(ms, run)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: Timer | undefined) => {
      if (timer) timer.run = undefined;
    }) as unknown as typeof clearTimeout;
    crypto.randomBytes = ((count: number) => this.#bytes(count)) as typeof crypto.randomBytes;
    os.hostname = () => this.current.machine.name;
    syncBuiltinESMExports();
    try {
      return await work();
    } finally {
      performance.now = real.performanceNow;
      Date.now = real.dateNow;
      Math.random = real.random;
      globalThis.setTimeout = real.setTimeout;
      globalThis.clearTimeout = real.clearTimeout;
      crypto.randomBytes = real.randomBytes;
      os.hostname = real.hostname;
      syncBuiltinESMExports();
    }
  }

  #bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => Math.floor(this.random() * 256)));
  }
}

/** Lets everything that an event has settled run to its next wait. */
function settled(): Promise<void> {
  return new Promise(resolve => real.setImmediate(resolve));
}

const isBefore = (a: Timer, b: Timer) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent] as Timer)) break;
    heap[at] = heap[parent] as Timer;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer))
      child += 1;
    if (!isBefore(heap[child] as Timer, last)) break;
    heap[at] = heap[child] as Timer;
    at = child;
  }
  heap[at] = last;
  return first;
}
