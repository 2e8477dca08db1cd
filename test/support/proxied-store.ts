/** A store that reaches a test's MariaDB through a proxy, which can answer in its place, or cut it off. */
import { after, afterEach } from "node:test";
import { Store } from "#lib/store/database.ts";
import { FaultProxy } from "./fault-proxy.ts";

/** For the rest of the file; the proxy is healed after each test. */
export async function startProxiedStore(
  databaseUrl: string,
): Promise<{ readonly proxy: FaultProxy; readonly store: Store }> {
  const url = new URL(databaseUrl);
  const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(url.port) });
  url.port = String(proxy.port);
  const store = new Store({
    url: url.href,
    connectionsMax: 2,
    statementMs: 10_000,
    localLoads: true,
  });
  afterEach(() => proxy.heal());
  after(async () => {
    await store.close();
    await proxy.stop();
  });
  return { proxy, store };
}
