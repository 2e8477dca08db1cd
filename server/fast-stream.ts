/**
 * An event stream written straight into Node's response: a Web stream costs several kilobytes a viewer and several
 * promises a frame. Only for running results that everyone may see; everything else, refusals included, is left
 * to the route, `app/api/polls/[poll]/results/stream/route.ts`, which begins with the same function.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { followResults, framesMax, type StreamSink } from "#lib/results/event-stream.ts";
import { startOfStream, streamHeaders } from "#lib/web/answer-results.ts";
import type { Front } from "#lib/web/front.ts";
import { NodeRequestHead } from "./node-request-head.ts";

const headers = { ...streamHeaders, "Content-Type": "text/event-stream" };

/** Opens the stream and resolves with true; with false, nothing was written. */
export async function fastStream(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  slug: string,
): Promise<boolean> {
  try {
    const head = new NodeRequestHead(request);
    const start = await startOfStream(front, slug, head, () => "reader");
    const { hidden, state } = start.current.results;
    if (hidden !== null || state === "final" || response.destroyed) return false;
    const sink = new ResponseSink(response);
    const leave = followResults(front.live, start.poll, "reader", start, sink);
    response.once("close", leave);
    return true;
  } catch {
    // The route meets the same error, and answers it.
    return response.headersSent;
  }
}

class ResponseSink implements StreamSink {
  readonly #response: ServerResponse;
  /** Frames that the kernel has not taken yet. */
  #waiting = 0;
  readonly #taken = () => {
    this.#waiting -= 1;
  };

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get keepsUp(): boolean {
    return this.#waiting < framesMax;
  }

  send(bytes: Uint8Array): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, headers);
    this.#waiting += 1;
    this.#response.write(bytes, this.#taken);
  }

  end(): void {
    this.#response.end();
  }

  drop(): void {
    this.#response.destroy();
  }
}
