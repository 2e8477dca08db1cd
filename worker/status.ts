/** The worker's own pages: is it alive, what does it do. */
import { createServer } from "node:http";
import { MINUTE, SECOND, wallMs } from "#lib/clock.ts";
import type { PassSummary } from "#lib/flush/pass.ts";
import type { WorkerRuntime } from "./runtime.ts";

/** What the daemon's loop tells of itself. */
export interface WorkerState {
  readonly startedAtMs: number;
  passes: number;
  /** Passes that a kickstart began. */
  kickstarts: number;
  lastPass:
    | { readonly summary: PassSummary; readonly atMs: number; readonly ms: number }
    | undefined;
  lastError: { readonly atMs: number; readonly error: Record<string, unknown> } | undefined;
}

/** Without a finished pass for this long, the flush is stale. */
const staleMs = 15 * SECOND;

export function isStale(state: WorkerState, nowMs: number): boolean {
  return nowMs - (state.lastPass?.atMs ?? state.startedAtMs) > staleMs;
}

export async function startStatusServer(
  worker: WorkerRuntime,
  state: WorkerState,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { WORKER_HOST: host, WORKER_PORT: port } = worker.config;
  const server = createServer({ requestTimeout: MINUTE }, (request, response) => {
    const stale = isStale(state, wallMs());
    const send = (status: number, body: unknown) => {
      response.writeHead(status, {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
      });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (request.url === "/healthz") send(stale ? 503 : 200, { status: stale ? "stale" : "ok" });
    else if (request.url === "/status.json")
      send(200, { status: stale ? "stale" : "ok", ...state });
    else send(404, { status: "not found" });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${port}`,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}
