/** Batch ids: a number of this process (8 random bytes, one for each life), and a serial (4). */
import { randomBytes } from "node:crypto";
import { type BatchId, producerBytes } from "../model/ids.ts";

const serialMax = 0xffff_ffff;

export class BatchIds {
  /** 8 bytes: this life of the process. */
  readonly producer = randomBytes(producerBytes);
  #serial = 0;

  next(): BatchId {
    if (this.#serial >= serialMax) throw new RangeError("out of batch ids: restart this process");
    this.#serial += 1;
    const id = Buffer.alloc(12);
    this.producer.copy(id, 0);
    id.writeUInt32BE(this.#serial, producerBytes);
    return id as BatchId;
  }
}
