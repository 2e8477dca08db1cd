/**
 * The hottest request of all, a vote in JSON, answered without a Web request or answer in between: the same
 * parts in the same order as the route's own function, `app/api/polls/[poll]/votes/route.ts`. What is in
 * any way unusual is left to that.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { FloodgateError } from "#lib/base/errors.ts";
import { bodyBytesMax, parseJson } from "#lib/http/body.ts";
import { problemAnswer } from "#lib/http/problem.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import type { Answer } from "#lib/http/respond.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { isSlug } from "#lib/polls/schema.ts";
import { answerVote } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { isPlain, NodeRequestHead } from "./node-request-head.ts";

const plainLength = /^\d{1,5}$/;

/** True for a request that `voteDirectly` takes. */
export function isPlainVote(request: IncomingMessage): boolean {
  const { headers } = request;
  const length = headers["content-length"] ?? "";
  return (
    headers["content-type"] === "application/json" &&
    plainLength.test(length) &&
    Number(length) <= bodyBytesMax &&
    isPlain(request)
  );
}

/** Reads the body, casts the ballot, answers. */
export function fastVote(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  slug: string,
): void {
  const pieces: Buffer[] = [];
  request.on("data", piece => pieces.push(piece));
  // Without its end nobody is there any more to be answered.
  request.on("end", () => {
    const [only] = pieces;
    const body = pieces.length === 1 && only ? only : Buffer.concat(pieces);
    void answer(front, new NodeRequestHead(request), slug, body.toString()).then(made =>
      write(response, made),
    );
  });
}

async function answer(
  front: Front,
  asked: RequestHead,
  slug: string,
  text: string,
): Promise<Answer> {
  try {
    refuseCrossSite(asked, front.config.publicUrl);
    if (!isSlug(slug)) throw new FloodgateError("poll_not_found");
    return await answerVote(front, asked, slug, parseJson(text));
  } catch (error) {
    return problemAnswer(error, front.log);
  }
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
