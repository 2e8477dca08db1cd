/**
 * The hottest request, a vote in JSON, answered without a Web `Request` or `Response`. It is answered by the same
 * function as in the route (`lib/web/answer-vote.ts`); anything unusual is left to the route,
 * `app/api/polls/[poll]/votes/route.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyBytesMax, parseJson } from "#lib/http/body.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import type { Answer } from "#lib/http/respond.ts";
import { answerVote } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { errorAnswer } from "#lib/web/moved.ts";
import { isPlain, NodeRequestHead } from "./node-request-head.ts";

const plainLength = /^\d{1,5}$/;

/** True for a request that `fastVote` takes. */
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
  // A request that breaks off has no end, and no client left to answer.
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
  head: RequestHead,
  slug: string,
  text: string,
): Promise<Answer> {
  try {
    const readBody = () => ({ kind: "json", value: parseJson(text) }) as const;
    return await answerVote(front, head, slug, readBody);
  } catch (error) {
    return errorAnswer(front, head, slug, error);
  }
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
