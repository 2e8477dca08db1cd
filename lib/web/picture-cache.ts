/**
 * Pictures that are costly to draw, kept: each drawn by whoever asks first, one at a time in this process.
 *
 * Invariant: however many ask for however many pictures, one is being drawn; who would have to wait behind
 *   `waitingMax` others gets an older one, or is told to come back.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";

export interface CachedPicture {
  /** What it shows: two drawings of one name with the same contents are the same. */
  readonly contents: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly drawnAtMs: number;
}

const bytesMax = 32 * 1024 * 1024;
/** A picture of something that moves is drawn again no sooner than this. */
export const freshMs = 10 * SECOND;
const waitingMax = 8;

export class PictureCache {
  readonly #kept = new LRUCache<string, CachedPicture>({
    maxSize: bytesMax,
    sizeCalculation: ({ bytes }) => bytes.length,
  });
  readonly #underWay = new Map<string, Promise<CachedPicture>>();
  /** Resolves when nothing is being drawn. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * The picture of that name, with these contents or with what they were a few seconds ago.
   *
   * @throws FloodgateError `overloaded` when too many others are waited for; what `draw` throws.
   */
  async get(
    name: string,
    contents: string,
    draw: () => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<CachedPicture> {
    const kept = this.#kept.get(name);
    if (kept?.contents === contents) return kept;
    if (kept && monotonicMs() - kept.drawnAtMs < freshMs) return kept;
    const underWay = this.#underWay.get(name);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= waitingMax) {
      if (kept) return kept;
      throw new FloodgateError("overloaded", { retryAfterMs: SECOND });
    }
    const drawing = this.#last.then(async () => {
      const bytes = await draw();
      const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 20);
      const drawn = { contents, bytes, etag: `"${digest}"`, drawnAtMs: monotonicMs() };
      this.#kept.set(name, drawn);
      return drawn;
    });
    this.#underWay.set(name, drawing);
    this.#last = drawing.catch(() => {}).finally(() => this.#underWay.delete(name));
    return drawing;
  }
}
