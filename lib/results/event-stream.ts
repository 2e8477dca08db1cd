/**
 * Live results as an event stream: one viewer for each open response.
 *
 * Invariant: at most `framesMax` frames wait for one viewer in this process. A viewer who does not keep up is
 *   disconnected; the browser reconnects by itself and gets the newest results.
 */
import type { Requester } from "../model/visibility.ts";
import { encodeRetry, idleFrame } from "./frames.ts";
import type { Ending, LiveBoard, News, Viewer, WatchedPoll } from "./live-board.ts";
import type { Snapshot } from "./snapshot.ts";

export const framesMax = 4;

/** The response that a stream is written to. */
export interface StreamSink {
  /** Fewer than `framesMax` frames are waiting to be sent. */
  readonly keepsUp: boolean;
  send(bytes: Uint8Array): void;
  end(): void;
  /** Closes the connection without an orderly end. */
  drop(): void;
}

class StreamViewer implements Viewer {
  readonly #sink: StreamSink;
  readonly #leave: () => void;
  #seen: string | undefined;

  constructor(sink: StreamSink, leave: () => void) {
    this.#sink = sink;
    this.#leave = leave;
  }

  show(news: News): void {
    if (this.#seen === news.snapshot.etag) return;
    this.#seen = news.snapshot.etag;
    this.#send(news.frame);
  }

  /** The viewer has this snapshot already, from an earlier connection. */
  knows(snapshot: Snapshot): void {
    this.#seen = snapshot.etag;
  }

  idle(): void {
    this.#send(idleFrame);
  }

  end(why: Ending): void {
    if (why === "stopping" && this.#sink.keepsUp) this.#sink.send(encodeRetry());
    this.#sink.end();
  }

  #send(bytes: Uint8Array): void {
    if (this.#sink.keepsUp) {
      this.#sink.send(bytes);
      return;
    }
    this.#leave();
    this.#sink.drop();
  }
}

/**
 * Sends the current results, unless the viewer has them, and then every change.
 *
 * @param knownVersion - the version that the viewer has seen last, 0 for none.
 * @returns the function to call when the viewer has disconnected.
 * @throws FloodgateError `overloaded` when there are too many viewers; nothing was sent then.
 */
export function followResults(
  board: LiveBoard,
  poll: WatchedPoll,
  requester: Requester,
  { current, knownVersion }: { readonly current: Snapshot; readonly knownVersion: number },
  sink: StreamSink,
): () => void {
  let leave = () => {};
  const viewer = new StreamViewer(sink, () => leave());
  leave = board.watch(poll, requester, viewer);
  sink.send(encodeRetry());
  // A lower version than the viewer has is one of another poll, or of another server: the viewer decides.
  if (current.results.version !== knownVersion) viewer.show(board.newsOf(poll, requester, current));
  else viewer.knows(current);
  return leave;
}

/** The body of an event stream, as a Web stream. Throws what `followResults` throws. */
export function streamResults(
  board: LiveBoard,
  poll: WatchedPoll,
  requester: Requester,
  current: Snapshot,
  knownVersion: number,
): ReadableStream<Uint8Array> {
  let leave = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const seen = { current, knownVersion };
        leave = followResults(board, poll, requester, seen, webSink(controller));
      },
      cancel() {
        leave();
      },
    },
    { highWaterMark: framesMax },
  );
}

function webSink(controller: ReadableStreamDefaultController<Uint8Array>): StreamSink {
  return {
    get keepsUp() {
      return (controller.desiredSize ?? 0) > 0;
    },
    send: bytes => controller.enqueue(bytes),
    end: () => controller.close(),
    drop: () => controller.error(new Error("a viewer did not keep up")),
  };
}
