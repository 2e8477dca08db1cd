/** `npm run migrate`: brings the schema up to date. */
import { loadConfig } from "#lib/config/config.ts";
import { Store } from "#lib/store/database.ts";
import { migrate } from "#lib/store/migrate.ts";

const config = loadConfig();
const store = new Store({ url: config.databaseUrl, connectionsMax: 2, statementMs: 600_000 });
try {
  const applied = await migrate(store);
  process.stdout.write(
    applied.length > 0 ? `applied ${applied.join(", ")}\n` : "the schema is up to date\n",
  );
} finally {
  await store.close();
}
