/**
 * Another site's articles, on another host than ours: `http://127.0.0.1` over against our `localhost`.
 * And the same over TLS, where our site's cookies may live inside others' pages.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Articles {
  /** Publishes an article; gives its address. */
  publish(html: string): string;
  close(): Promise<void>;
}

/** A news site of its own, over plain HTTP. */
export async function startArticles(): Promise<Articles> {
  const pages: string[] = [];
  const server = createServer((incoming, response) => answer(pages, incoming, response));
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return desk(pages, server, `http://127.0.0.1:${port}`);
}

/** The same over TLS; on the name `localhost` it is our own site, passed on to its front. */
export async function startSecureArticles(front: {
  readonly port: number;
  readonly tlsPort: number;
}): Promise<Articles> {
  const pages: string[] = [];
  const server = createTlsServer(makeCertificate(), (incoming, response) => {
    if (incoming.headers.host?.startsWith("localhost")) passOn(front.port, incoming, response);
    else answer(pages, incoming, response);
  });
  await listen(server, front.tlsPort);
  return desk(pages, server, `https://127.0.0.1:${front.tlsPort}`);
}

function desk(pages: string[], server: Server, origin: string): Articles {
  return {
    publish: html => `${origin}/${pages.push(html) - 1}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const answer = (pages: readonly string[], { url }: IncomingMessage, response: ServerResponse) => {
  const page = url === "/favicon.ico" ? " " : pages[Number(url?.slice(1))];
  response.writeHead(page ? 200 : 404, { "Content-Type": "text/html; charset=utf-8" });
  response.end(page ?? "");
};

const passOn = (
  port: number,
  incoming: IncomingMessage,
  response: ServerResponse,
): ReturnType<RequestListener> => {
  const { method, url, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, answered => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  incoming.pipe(onward);
};

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

/** An untrusted certificate, valid for a day. */
function makeCertificate(): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), "floodgate-tls-"));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const options =
    "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost";
  execFileSync("openssl", ["req", ...options.split(" "), "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(directory, { recursive: true });
  return pair;
}
