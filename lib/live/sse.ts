/**
 * Live results as an event stream: one viewer for each open response.
 *
 * Invariant: a viewer who does not keep up is dropped, with at most `framesMax` frames waiting for them in
 *   this process. Their browser comes back by itself and is told the newest results.
 */
import type { Slug } from "../ids.ts";
import type { Requester } from "../polls/visibility.ts";
import type { Snapshot } from "../tallies/snapshot.ts";
import { encodeRetry, idleFrame } from "./frames.ts";
import type { Ending, LiveBoard, News, Viewer } from "./watch.ts";

const framesMax = 4;

class StreamViewer implements Viewer {
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  readonly #leave: () => void;
  #seen: string | undefined;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>, leave: () => void) {
    this.#controller = controller;
    this.#leave = leave;
  }

  show(news: News): void {
    if (this.#seen === news.snapshot.etag) return;
    this.#seen = news.snapshot.etag;
    this.#send(news.frame);
  }

  /** They have this already, from an earlier connection. */
  knows(snapshot: Snapshot): void {
    this.#seen = snapshot.etag;
  }

  idle(): void {
    this.#send(idleFrame);
  }

  end(why: Ending): void {
    if (why === "stopping" && this.#keepsUp) this.#controller.enqueue(encodeRetry());
    this.#controller.close();
  }

  get #keepsUp(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  #send(bytes: Uint8Array): void {
    if (this.#keepsUp) {
      this.#controller.enqueue(bytes);
      return;
    }
    this.#leave();
    this.#controller.error(new Error("a viewer did not keep up"));
  }
}

/**
 * The body of an event stream: what is current, unless the viewer has it, and every change from then on.
 *
 * @param knownVersion - the newest version that the viewer has seen, 0 for none.
 * @throws FloodgateError `overloaded` when there are too many viewers.
 */
export function streamResults(
  board: LiveBoard,
  slug: Slug,
  requester: Requester,
  current: Snapshot,
  knownVersion: number,
): ReadableStream<Uint8Array> {
  let leave = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const viewer = new StreamViewer(controller, () => leave());
        leave = board.watch(slug, requester, viewer);
        controller.enqueue(encodeRetry());
        if (current.results.version > knownVersion)
          viewer.show(board.newsOf(slug, requester, current));
        else viewer.knows(current);
      },
      cancel() {
        leave();
      },
    },
    { highWaterMark: framesMax },
  );
}
