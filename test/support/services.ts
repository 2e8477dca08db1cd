/**
 * Real servers for one test file: started on free ports, stopped when the file is done, and the
 * database directory kept for a look when a test failed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type DatabaseServer, startDatabase } from "#scripts/services/mariadb.ts";
import {
  type MemcachedOptions,
  type MemcachedServer,
  startMemcached,
} from "#scripts/services/memcached.ts";

/** A memcached for the rest of this file. */
export async function testMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const server = await startMemcached(options);
  after(() => server.child.stop());
  return server;
}

/** A MariaDB for the rest of this file. */
export async function testDatabase(
  options: { options?: readonly string[]; port?: number } = {},
): Promise<DatabaseServer> {
  const directory = mkdtempSync(join(tmpdir(), "floodgate-test-"));
  const server = await startDatabase({
    directory,
    password: "test-only-password",
    redoLogMb: 16,
    bufferPoolMb: 64,
    ...options,
  });
  after(async () => {
    await server.child.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return server;
}
