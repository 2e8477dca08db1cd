/** A plain `next start` receives requests as the front does (`server/serve.ts`), without a server of ours before Next. */
import type { IncomingMessage, Server } from "node:http";
import { proxyList, stampAddress } from "#lib/http/client-address.ts";
import { wholeHeader } from "#lib/http/headers.ts";
import { refuseMalformed } from "#lib/http/malformed-requests.ts";
import { checkRequest, removeHeader, setHeader } from "#lib/http/request-check.ts";
import { getFront } from "#lib/web/front.ts";
import { audienceOf } from "./refused-request.ts";

/** Mends the request; one that can't be read is sent to `app/bad-request`. */
export class ReceivedByNext {
  #proxies: ReturnType<typeof proxyList> | undefined;
  readonly #servers = new WeakSet<Server>();

  receive(request: IncomingMessage, server: Server): void {
    // A request over the Next process's private socket has been received by a front.
    if (request.socket.remoteAddress !== undefined) this.#check(request, server);
    // Next compresses what routes return (`next.config.ts`), and drops a Content-Encoding of theirs.
    setHeader(request, wholeHeader, "1");
  }

  #check(request: IncomingMessage, server: Server): void {
    const front = getFront();
    if (!this.#servers.has(server)) {
      this.#servers.add(server);
      refuseMalformed(server);
      // Next's listener ends connections that ask for an upgrade. Without one, Node answers them as any other.
      server.removeAllListeners("upgrade");
    }
    const unreadable = checkRequest(request, front.config.publicUrl);
    if (unreadable) {
      const { url = "", method = "GET", headers } = request;
      const audience = audienceOf(url, method, headers.accept ?? "");
      request.url = `/bad-request?${new URLSearchParams({ part: unreadable, audience })}`;
      request.method = method === "HEAD" ? "HEAD" : "GET";
      removeHeader(request, "rsc");
    }
    this.#proxies ??= proxyList(front.config.trustedProxies);
    front.clientAddresses.note(stampAddress(request, this.#proxies), request.socket);
  }
}
