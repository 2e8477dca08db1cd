/**
 * The homes whose queues exist: as many as this process's settings name, or more when another process names more. So a
 * worker or a rebuild never passes over a queue that a front writes to.
 */
import type { QueueName } from "../model/ids.ts";
import { allQueueNames } from "./queue-names.ts";

export class QueueHomes {
  #count: number;
  #names: readonly QueueName[];

  /** @param count - as in the settings. */
  constructor(count: number) {
    this.#count = count;
    this.#names = allQueueNames(count);
  }

  get count(): number {
    return this.#count;
  }

  /** The queues of all lanes and homes. */
  get names(): readonly QueueName[] {
    return this.#names;
  }

  /** Learns of more homes; never of fewer, because votes may wait in them. */
  raiseTo(count: number): void {
    if (count <= this.#count) return;
    this.#count = count;
    this.#names = allQueueNames(count);
  }
}
