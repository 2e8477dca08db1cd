/**
 * Pictures of polls, which are costly to draw: requests for one that is being drawn wait for it, and one is drawn
 * at a time in this process.
 *
 * Invariant: however many requests for however many pictures arrive, one picture is being drawn. With `waitingMax`
 *   already waiting, a request gets an older picture, or is asked to come back.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";

export interface CachedPicture {
  /** What it shows: two pictures of one name with the same contents are the same. */
  readonly contents: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly drawnAtMs: number;
}

interface Drawing {
  readonly contents: string;
  readonly draw: () => Promise<Uint8Array<ArrayBuffer>>;
}

const bytesMax = 32 * 1024 * 1024;
/** A picture whose contents change is drawn at most this often. */
export const freshMs = 10 * SECOND;
const waitingMax = 8;

export class PictureCache {
  readonly #pictures = new LRUCache<string, CachedPicture, Drawing>({
    maxSize: bytesMax,
    sizeCalculation: ({ bytes }) => bytes.length,
    // A picture that is evicted while it is being drawn still goes to those who wait for it.
    ignoreFetchAbort: true,
    // An older picture outlives a failure to draw a newer one.
    noDeleteOnFetchRejection: true,
    fetchMethod: async (_name, _older, { context }) =>
      this.#waiting < waitingMax ? this.#draw(context) : undefined,
  });
  #waiting = 0;
  /** Resolves when nothing is being drawn. */
  #idle: Promise<unknown> = Promise.resolve();

  /**
   * The picture of this name, with these contents or with those of a few seconds ago.
   *
   * @throws FloodgateError `overloaded` when too many others are waiting; what `draw` throws.
   */
  async get(name: string, contents: string, draw: Drawing["draw"]): Promise<CachedPicture> {
    const older = this.#pictures.get(name);
    if (older?.contents === contents) return older;
    if (older && monotonicMs() - older.drawnAtMs < freshMs) return older;
    const drawing = { forceRefresh: true, context: { contents, draw } };
    const picture = (await this.#pictures.fetch(name, drawing)) ?? older;
    if (!picture) throw new FloodgateError("overloaded", { retryAfterMs: SECOND });
    return picture;
  }

  #draw({ contents, draw }: Drawing): Promise<CachedPicture> {
    this.#waiting += 1;
    const drawing = this.#idle.then(async () => {
      const bytes = await draw();
      const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 20);
      return { contents, bytes, etag: `"${digest}"`, drawnAtMs: monotonicMs() };
    });
    this.#idle = drawing
      .catch(() => {})
      .finally(() => {
        this.#waiting -= 1;
      });
    return drawing;
  }
}
