/** The schema: every migration of this program is applied, and none that it can't work with. */

import type { Store } from "#lib/store/database.ts";
import { checkSchema, SchemaMismatch } from "#lib/store/migrate.ts";
import { type Finding, ok, wrong } from "./finding.ts";

const about = "schema";

/** @throws StoreFailure. */
export async function checkMigrations(store: Store): Promise<Finding[]> {
  try {
    await checkSchema(store);
    return [ok(about, "every migration is applied")];
  } catch (error) {
    if (!(error instanceof SchemaMismatch)) throw error;
    return [
      wrong(
        about,
        "the-schema-does-not-fit",
        error.message,
        "Run `npm run migrate` with the version that is to run, then start front and worker again.",
      ),
    ];
  }
}
