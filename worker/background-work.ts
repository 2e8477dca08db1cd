/**
 * Work of duties that takes a while, such as reading all keys of memcached. The next pass does not wait for it; a
 * command that makes one pass does, before it ends.
 */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();

  /** @param work - never rejects. */
  add(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing that was added is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
