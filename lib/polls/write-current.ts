/** Writing to memcached what MySQL has, although others write there too. */
import { isDeepStrictEqual } from "node:util";

/**
 * Writes what is read from MySQL, and reads again: when MySQL has something else by then, that is written too. An
 * editor may have published it between the first read and the write, and the older copy must not stay.
 *
 * Invariant: a change that MySQL had before the last read is in what was written last. A later change is published
 *   after that by the program that makes it.
 *
 * @param write - done with all that is read; ends when memcached has it.
 * @returns what was written last. Throws what `read` throws, and what the last `write` threw.
 */
export async function writeCurrent<T>(
  read: () => Promise<T>,
  write: (current: T) => Promise<void>,
): Promise<T> {
  let current = await read();
  for (;;) {
    // A write that fails may have reached some servers.
    const [written] = await Promise.allSettled([write(current)]);
    const now = await read();
    if (!isDeepStrictEqual(now, current)) {
      current = now;
      continue;
    }
    if (written.status === "rejected") throw written.reason;
    return current;
  }
}
