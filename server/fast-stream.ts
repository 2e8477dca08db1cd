/**
 * An event stream written straight into Node's answer: a Web stream for each viewer costs several kilobytes,
 * and several promises for each frame. For results that everybody may see; everything else, refusals too, is
 * left to the route's own function, `app/api/polls/[poll]/results/stream/route.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { wallMs } from "#lib/base/clock.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { maySeeResults } from "#lib/model/visibility.ts";
import { isSlug } from "#lib/polls/schema.ts";
import { followResults, framesMax, type StreamSink } from "#lib/results/event-stream.ts";
import { streamHeaders } from "#lib/web/answer-results.ts";
import type { Front } from "#lib/web/front.ts";

const headers = { ...streamHeaders, "Content-Type": "text/event-stream" };

/** Opens the stream and resolves with true; with false, nothing was written. */
export async function fastStream(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  slug: string,
): Promise<boolean> {
  try {
    const poll = isSlug(slug) ? await front.published.find(slug) : null;
    const now = wallMs();
    if (!poll || pollState(poll, now) === "draft" || !maySeeResults(poll, "reader", now)) {
      return false;
    }
    const current = await front.results.snapshot(poll, "reader");
    const knownVersion = Number(request.headers["last-event-id"] ?? 0) || 0;
    if (current.results.state === "final" || response.destroyed) return false;
    const sink = new ResponseSink(response);
    const seen = { current, knownVersion };
    const leave = followResults(front.live, poll.slug, "reader", seen, sink);
    response.once("close", leave);
    return true;
  } catch {
    // The long way meets the same error, and says so.
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
