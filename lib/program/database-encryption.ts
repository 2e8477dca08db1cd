/**
 * The encryption of connections to MySQL, tried once when a long-running program starts. Later a refusal is an outage
 * like any other: votes are kept in memcached until it is corrected.
 */
import { SECOND } from "../base/clock.ts";
import { type Config, ConfigError } from "../config/config.ts";
import { readDatabaseUrl } from "../config/database-url.ts";
import { Store } from "../store/database.ts";
import { isStoreFailure, tlsRefusal } from "../store/failure.ts";

/**
 * Connects once when `DATABASE_URL` asks for TLS.
 *
 * @throws ConfigError when the server has no TLS, or its certificate is refused. A server that is away is no reason.
 */
export async function checkEncryption({ databaseUrl: url }: Config): Promise<void> {
  if (readDatabaseUrl(url).tls === undefined) return;
  const store = new Store({ url, connectionsMax: 1, statementMs: 2 * SECOND });
  try {
    await store.rows("start.encryption", "SELECT 1");
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    const refusal = tlsRefusal(error.cause);
    if (refusal !== undefined) throw new ConfigError([`DATABASE_URL: ${refusal}`]);
  } finally {
    await store.close();
  }
}
