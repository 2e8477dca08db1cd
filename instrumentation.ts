/**
 * Called by Next once, when its server starts. A plain `next start` stops on wrong settings, and receives requests as
 * the front does (`server/serve.ts`): odd ones are mended or refused, and the client's address is taken from the proxies'
 * headers.
 */
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server } from "node:http";
import { stopOnWrongSettings } from "#lib/program/wrong-settings.ts";
import { ReceivedByNext } from "#reader/receive-by-next.ts";

export function register(): void {
  stopOnWrongSettings("next");
  const received = new ReceivedByNext();
  // Node tells of each request here before it is handled.
  subscribe("http.server.request.start", message => {
    const { request, server } = message as { request: IncomingMessage; server: Server };
    received.receive(request, server);
  });
}
