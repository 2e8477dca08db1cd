/**
 * A vote in JSON that came to Node's HTTP server (`vote-connections.ts` says which did not), answered without a Web
 * `Request` or `Response`. It is answered by the same function as in the route (`lib/web/answer-vote.ts`); anything
 * unusual is left to the route, `app/api/polls/[poll]/votes/route.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyBytesMax } from "#lib/http/body.ts";
import { type Answer, headersOf } from "#lib/http/respond.ts";
import { answerVoteText } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { isPlain, NodeRequestHead } from "./node-request-head.ts";

const plainLength = /^\d{1,5}$/;

/** True for a request that `fastVote` takes. */
export function isFastVote(request: IncomingMessage): boolean {
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
  // A request that breaks off has no end, and no client left to answer.
  request.on("end", () => {
    const [only] = pieces;
    const body = pieces.length === 1 && only ? only : Buffer.concat(pieces);
    void answerVoteText(front, new NodeRequestHead(request), slug, body.toString()).then(answer =>
      write(response, answer),
    );
  });
}

function write(response: ServerResponse, answer: Answer): void {
  const { status, body } = answer;
  response.writeHead(status, { ...headersOf(answer), "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
