/** Makes, before the tests, what many of them need: templates of databases, and the build of the fault tests. */
import { buildArmed } from "#test/faults/builds.ts";
import { makeTemplates } from "./database.ts";

await makeTemplates();
await buildArmed();
