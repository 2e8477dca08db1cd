/** Serving the worker's pages where the configuration says. */
import { createAdaptorServer, type ServerType } from "@hono/node-server";
import { MINUTE } from "#lib/base/clock.ts";
import { type StatusDeps, statusPages } from "./pages.ts";

/**
 * Resolves when the pages can be asked for.
 *
 * @throws what `listen` throws, like EADDRINUSE.
 */
export async function startStatusServer(
  deps: StatusDeps,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { workerHost: host, workerPort: port } = deps.worker.config;
  const server = createAdaptorServer({
    fetch: statusPages(deps).fetch,
    hostname: host,
    serverOptions: { requestTimeout: MINUTE },
  });
  await listen(server, port, host);
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

function listen(server: ServerType, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
