/**
 * The log file of a child process. Its disk may be full: what can't be written is dropped and counted, and the file says
 * so once there is room again.
 */
import { appendFileSync } from "node:fs";

export class LogFile {
  readonly #path: string;
  #bytesDropped = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Never throws. */
  append(bytes: Buffer): void {
    const gap =
      this.#bytesDropped > 0 ? `\n… ${this.#bytesDropped} bytes were not written …\n` : "";
    try {
      appendFileSync(this.#path, Buffer.concat([Buffer.from(gap), bytes]));
      this.#bytesDropped = 0;
    } catch {
      this.#bytesDropped += bytes.length;
    }
  }
}
