/** A floor as a process: `post` and `get` are bare `node:http`, `adapter` is the front's adapter with zod. */
import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { castRequestSchema } from "#lib/web/contract.ts";
import type { FloorMode } from "./drive.ts";

const [mode = "post", port = "0", bytes = "0"] = process.argv.slice(2);
const answer = JSON.stringify({ ok: true });
const page = Buffer.alloc(Number(bytes), "x");

const adapter = getRequestListener(async request => {
  castRequestSchema.parse(JSON.parse(await request.text()));
  return new Response(answer, { status: 202, headers: { "Content-Type": "application/json" } });
});

const listeners: Record<FloorMode, RequestListener> = {
  get: (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": page.length });
    response.end(page);
  },
  post: (request, response) => {
    let body = "";
    request.on("data", piece => {
      body += piece;
    });
    request.on("end", () => {
      JSON.parse(body);
      const length = answer.length;
      response.writeHead(202, { "Content-Type": "application/json", "Content-Length": length });
      response.end(answer);
    });
  },
  adapter: (request, response) => void adapter(request, response),
};

createServer(listeners[mode as FloorMode]).listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
