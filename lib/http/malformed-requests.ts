/** Answers what Node's parser refuses, so that no route sees it: Node's own answers have no body. */
import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type ErrorCode, errorSpec, FloodgateError } from "../base/errors.ts";
import { problemAnswer } from "./problem.ts";

/** What a server of ours takes on some address. */
const methods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";

/** Anything else is not HTTP/1.1. */
const codes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_INVALID_METHOD: "method_not_allowed",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Answers with a problem document, and closes the connection. */
function refuse(socket: Duplex, code: ErrorCode): void {
  if (!socket.writable) return;
  const detail =
    code === "invalid_request" ? "The request is not valid HTTP/1.1." : errorSpec(code).title;
  const { status, headers, body } = problemAnswer(new FloodgateError(code, { detail }));
  const lines = Object.entries({
    ...headers,
    ...(code === "method_not_allowed" && { Allow: methods }),
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
}

/** From now on `server` answers malformed requests in words, and leaves a missing `Host` to `checkRequest`. */
export function refuseMalformed(server: Server): void {
  Object.assign(server, { requireHostHeader: false });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET") socket.destroy();
    else refuse(socket, codes[error.code ?? ""] ?? "invalid_request");
  });
  server.on("connect", (_request, socket) => refuse(socket, "method_not_allowed"));
}
