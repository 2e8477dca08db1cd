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
        headers: { Host: "polls.example", ...headers, ...length },
      },
      answer => {
        let text = "";
        const done = () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
        answer.setEncoding("utf8");
        answer.on("data", piece => {
          text += piece;
          if (!until?.test(text)) return;
          done();
          sent.destroy();
        });
        answer.on("end", done);
        answer.on("error", error => (until?.test(text) ? undefined : reject(error)));
      },
    );
    sent.on("error", reject);
    if (body !== undefined && chunked) sent.write(body);
    sent.end(chunked ? undefined : body);
  });
}
