/**
 * A run of the queue protocol: fronts that enqueue with the product's own code, workers that flush with
 * it, a server that is flushed, restarted and cut off; and beside them a plain model of what must come
 * out. The database is a map and a number: what is tested is how slots get there.
 *
 * Promised: a batch that was acknowledged is committed, once, unless its server has lost the memory that
 * it was written into (that is what the replay ring and copies are for). A slot is written only at a
 * number that no worker has passed. Nothing is left behind.
 */

import { randomBytes } from "node:crypto";
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { range } from "#lib/base/lists.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { epochKey } from "#lib/memcached/keys.ts";
import type { BatchId, Epoch, QueueName } from "#lib/model/ids.ts";
import { enqueueBatch } from "#lib/queue/batch-write.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { decodeBatch } from "#lib/queue/slot-codec.ts";
import {
  deleteSlots,
  placeTombstone,
  publishCheckpoint,
  readQueues,
  readSlots,
} from "#lib/queue/slots.ts";
import { mulberry32 } from "#test/support/random.ts";
import { type Bugs, FakeMemcached } from "./fake-memcached.ts";
import { Network, SimulatedClient, Simulation } from "./simulation.ts";

export interface Trouble {
  readonly kind: "flush" | "restart" | "cut" | "kill front" | "kill worker";
  readonly atMs: number;
}

export interface Scenario {
  readonly seed: number;
  readonly fronts: number;
  readonly batchesEach: number;
  readonly workers: number;
  readonly troubles: readonly Trouble[];
}

/** The database, as plain as can be. */
interface Database {
  readonly checkpoints: Map<Epoch, number>;
  readonly committed: Map<string, string>;
  readonly closed: Set<Epoch>;
}

const queue = "normal.0" as QueueName;
const graceMs = 3 * SECOND;
const windowSlots = 8;
/** Behind a dead epoch's checkpoint, as `lib/flush/open-queues.ts` looks. */
const probeSlots = 64;
const troubledMs = 4 * SECOND;
const untilMs = 120 * SECOND;

class Run {
  readonly #scenario: Scenario;
  readonly #simulation: Simulation;
  readonly #server: FakeMemcached;
  readonly #network: Network;
  readonly #fronts: SimulatedClient[] = [];
  readonly #workers: SimulatedClient[] = [];
  readonly #database: Database = {
    checkpoints: new Map(),
    committed: new Map(),
    closed: new Set(),
  };
  /** Batch → key of its slot. */
  readonly #acknowledged = new Map<string, string>();
  /** Key of a slot → the memory that it was written into. */
  readonly #writtenInto = new Map<string, number>();
  readonly #violations: string[] = [];
  #busyFronts = 0;

  constructor(scenario: Scenario, bugs: Bugs) {
    this.#scenario = scenario;
    this.#simulation = new Simulation(mulberry32(scenario.seed));
    this.#server = new FakeMemcached(() => this.#simulation.nowMs, bugs);
    this.#network = new Network(this.#simulation, this.#server);
    this.#server.onSlot = key => this.#slotWritten(key);
  }

  async go(): Promise<{ violations: readonly string[]; acknowledged: number }> {
    const { fronts, workers, troubles } = this.#scenario;
    const simulation = this.#simulation;
    const startMs = simulation.nowMs;
    for (let i = 0; i < fronts; i++) simulation.after(0, () => void this.#front());
    for (let i = 0; i < workers; i++) simulation.after(0, () => void this.#worker());
    for (const trouble of troubles) simulation.after(trouble.atMs, () => this.#make(trouble));
    simulation.after(troubledMs, () => {
      this.#network.troubled = false;
    });
    const over = () => simulation.nowMs > startMs + 2 * troubledMs && this.#isQuiescent();
    if (!(await simulation.run(over, startMs + untilMs))) this.#violations.push("never quiescent");
    this.#judge();
    return { violations: this.#violations, acknowledged: this.#acknowledged.size };
  }

  #isQuiescent(): boolean {
    return this.#busyFronts === 0 && this.#slotsLeft().length === 0;
  }

  /**
   * Slots of epochs that have not ended. A packet that was under way when the server lost its memory may still
   * write a slot of the ended epoch: it was not acknowledged, and it is never read.
   */
  #slotsLeft(): string[] {
    const { checkpoints, closed } = this.#database;
    const current = this.#server.peek(epochKey(queue))?.toString();
    return this.#server.slots.filter(key => {
      const epoch = epochOf(key);
      return epoch === current || (checkpoints.has(epoch) && !closed.has(epoch));
    });
  }

  #judge(): void {
    const lost = [...this.#acknowledged].filter(
      ([batch, key]) =>
        !this.#database.committed.has(batch) && this.#writtenInto.get(key) === this.#server.memory,
    );
    for (const [, key] of lost) this.#violations.push(`acknowledged and not committed: ${key}`);
    for (const key of this.#slotsLeft()) this.#violations.push(`left behind: ${key}`);
  }

  /** Watches every write of a slot: who passed a number must be able to rely on it. */
  #slotWritten(key: string): void {
    this.#writtenInto.set(key, this.#server.memory);
    const checkpoint = this.#database.checkpoints.get(epochOf(key)) ?? 0;
    if (Number(key.split(":")[4]) <= checkpoint)
      this.#violations.push(`written behind the checkpoint: ${key}`);
  }

  #make({ kind }: Trouble): void {
    const { random } = this.#simulation;
    if (kind === "flush") this.#server.flush();
    if (kind === "restart") this.#network.restart();
    if (kind === "cut") this.#network.cut(random());
    if (kind === "kill front") this.#kill(this.#fronts);
    if (kind === "kill worker") {
      this.#kill(this.#workers);
      void this.#worker();
    }
  }

  #kill(clients: SimulatedClient[]): void {
    const at = Math.floor(this.#simulation.random() * clients.length);
    const [killed] = clients.splice(at, 1);
    killed?.kill();
    if (killed && clients === this.#fronts) this.#busyFronts -= 1;
  }

  async #front(): Promise<void> {
    const client = new SimulatedClient(this.#network);
    this.#fronts.push(client);
    this.#busyFronts += 1;
    const producer = new QueueProducer(queue, client as unknown as MemcachedClient);
    for (let i = 0; i < this.#scenario.batchesEach; i++) {
      const batch = { id: randomBytes(12) as BatchId, ballots: [], talliesDoubtful: false };
      const until = monotonicMs() + 2_200;
      const targets = { queues: [[producer]], copies: 1, order: [producer.client] };
      const result = await enqueueBatch(targets, batch, until);
      if (result.outcome === "enqueued") {
        for (const { epoch, slot } of result.stored) {
          this.#acknowledged.set(batch.id.toString("hex"), `q:${queue}:s:${epoch}:${slot}`);
        }
      }
      await this.#simulation.sleep(this.#simulation.random() * 20);
    }
    if (!this.#fronts.includes(client)) return; // killed
    this.#fronts.splice(this.#fronts.indexOf(client), 1);
    this.#busyFronts -= 1;
  }

  async #worker(): Promise<void> {
    const client = new SimulatedClient(this.#network);
    this.#workers.push(client);
    const worker = new Worker(
      client as unknown as MemcachedClient,
      this.#database,
      this.#simulation,
    );
    for (;;) {
      await worker.pass().catch(error => {
        if (!isMemcachedFailure(error)) throw error;
      });
      await this.#simulation.sleep(30 + this.#simulation.random() * 150);
    }
  }
}

/** Flushes into the plain database with the product's own code. */
class Worker {
  readonly #client: MemcachedClient;
  readonly #database: Database;
  readonly #simulation: Simulation;
  readonly #missingSince = new Map<string, number>();

  constructor(client: MemcachedClient, database: Database, simulation: Simulation) {
    this.#client = client;
    this.#database = database;
    this.#simulation = simulation;
  }

  async pass(): Promise<void> {
    const { checkpoints, closed } = this.#database;
    const open = [...checkpoints.keys()].filter(epoch => !closed.has(epoch));
    const reads = await readQueues(this.#client, [queue]);
    for (const epoch of open) {
      if (reads.some(read => read.epoch === epoch)) continue;
      const from = checkpoints.get(epoch) ?? 0;
      const found = await readSlots(this.#client, queue, epoch, range(from + 1, from + probeSlots));
      if (found.size === 0) closed.add(epoch);
      else await this.#flush(epoch, Math.max(...found.keys()));
    }
    for (const { epoch, pointer } of reads) await this.#flush(epoch, pointer);
  }

  async #flush(epoch: Epoch, pointer: number): Promise<void> {
    const { checkpoints, committed } = this.#database;
    const from = checkpoints.get(epoch) ?? 0;
    checkpoints.set(epoch, from);
    const numbers = range(from + 1, Math.min(pointer, from + windowSlots));
    const found = await readSlots(this.#client, queue, epoch, numbers);
    let to = from;
    for (const slot of numbers) {
      if (!found.has(slot) && !(await this.#passes(epoch, slot))) break;
      to = slot;
    }
    await this.#simulation.sleep(this.#simulation.random() * 10);
    // The transaction: at one moment, and only from where it was read.
    if (checkpoints.get(epoch) !== from) return;
    for (const slot of range(from + 1, to)) {
      const bytes = found.get(slot);
      const batch = bytes && decodeBatch(bytes);
      if (batch) committed.set(batch.id.toString("hex"), `${epoch}:${slot}`);
    }
    checkpoints.set(epoch, to);
    await this.#sweep(epoch, to);
    await publishCheckpoint(this.#client, queue, epoch, to);
  }

  /** Deletes what is committed, also by a worker that did not live to do it. Tombstones stay. */
  async #sweep(epoch: Epoch, to: number): Promise<void> {
    const left = await readSlots(this.#client, queue, epoch, range(1, to));
    const batches = [...left].filter(([, bytes]) => decodeBatch(bytes) !== null);
    await deleteSlots(
      this.#client,
      queue,
      epoch,
      batches.map(([slot]) => slot),
    );
  }

  /** True when a missing number may be passed. */
  async #passes(epoch: Epoch, slot: number): Promise<boolean> {
    const key = `${epoch}:${slot}`;
    const since = this.#missingSince.get(key) ?? monotonicMs();
    this.#missingSince.set(key, since);
    if (monotonicMs() - since < graceMs) return false;
    return (await placeTombstone(this.#client, queue, epoch, slot)) === "placed";
  }
}

/** `q:{queue}:s:{epoch}:{slot}` → the epoch. */
const epochOf = (key: string): Epoch => (key.split(":")[3] ?? "") as Epoch;

/** Runs a scenario; gives what went against the promises. */
export function runScenario(scenario: Scenario, bugs: Bugs = {}) {
  return new Run(scenario, bugs).go();
}
