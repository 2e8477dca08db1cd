/** Requests as they are written, over a connection of their own: nothing is added, followed or decoded. */
import { type IncomingHttpHeaders, request } from "node:http";

export interface PlainRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The body is sent without saying how long it is. */
  readonly chunked?: boolean;
  /** Stops reading an endless answer when this matches. */
  readonly until?: RegExp;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as it came, compressed or not. */
  readonly bytes: Buffer;
}

/** Sends it to a port of this machine. */
export function plainRequest(port: number, asked: PlainRequest): Promise<PlainAnswer> {
  const { method = "GET", path, headers = {}, body, chunked = false, until } = asked;
  const length = body === undefined || chunked ? {} : { "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent: false,
        // As browsers and proxies connect: the front answers votes on such a connection without Node's HTTP server.
        headers: { Host: "polls.example", Connection: "keep-alive", ...headers, ...length },
      },
      answer => {
        const pieces: Buffer[] = [];
        const isEnough = () => until?.test(Buffer.concat(pieces).toString()) === true;
        const done = () => {
          const bytes = Buffer.concat(pieces);
          const { statusCode: status = 0, headers } = answer;
          resolve({ status, headers, body: bytes.toString(), bytes });
        };
        answer.on("data", (piece: Buffer) => {
          pieces.push(piece);
          if (!isEnough()) return;
          done();
          sent.destroy();
        });
        answer.on("end", done);
        answer.on("error", error => (isEnough() ? undefined : reject(error)));
      },
    );
    sent.on("error", reject);
    if (body !== undefined && chunked) sent.write(body);
    sent.end(chunked ? undefined : body);
  });
}
