/** Latencies of a load, counted in buckets of 0.1 ms up to forty seconds; anything longer is in the last one. */

const bucketUs = 100;
const buckets = 400_000;

export class Latencies {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    const bucket = Math.min(buckets - 1, Math.floor((ms * 1000) / bucketUs));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  /** The upper end of the bucket that this share of all latencies reaches; 1: the longest. */
  percentile(share: number): number {
    const goal = Math.ceil(this.#count * share);
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= goal) return ((bucket + 1) * bucketUs) / 1000;
    }
    return (buckets * bucketUs) / 1000;
  }
}
