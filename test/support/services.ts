/** Real servers for one test file: started on free ports, killed when the file is done. */
import { rmSync } from "node:fs";
import { after } from "node:test";
import { MemcachedClient } from "#lib/memcached/client.ts";
import type { DatabaseServer } from "#scripts/services/mariadb.ts";
import {
  type MemcachedOptions,
  type MemcachedServer,
  startMemcached,
} from "#scripts/services/memcached.ts";
import { type Schema, startTestDatabase, testDirectory } from "./database.ts";

/** A memcached for the rest of this file. */
export async function testMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const server = await startMemcached(options);
  after(() => server.child.kill());
  return server;
}

/** How long a test's own client waits for an answer: longer than any machine stands still. */
const patienceMs = 10_000;

/** A client for tests that are not about deadlines: a machine that stands still for a second is no failure. */
export function testClient(port: number): MemcachedClient {
  const address = { host: "127.0.0.1", port };
  return new MemcachedClient(address, { connectMs: patienceMs, answerMs: patienceMs });
}

/** A MariaDB for the rest of this file, with all tables unless it is to be empty. */
export async function testDatabase(
  options: { options?: readonly string[]; port?: number } = {},
  schema: Schema = "migrated",
): Promise<DatabaseServer> {
  const directory = testDirectory("test");
  const server = await startTestDatabase(
    { directory, redoLogMb: 16, bufferPoolMb: 64, ...options },
    schema,
  );
  after(async () => {
    await server.child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  return server;
}
