/** Makes, before the tests, what many of them need: templates of databases, and the build of the fault tests. */
import { buildArmed } from "#test/faults/builds.ts";
import { makeTemplates, removeLeftovers } from "./database.ts";

removeLeftovers();
await makeTemplates();
await buildArmed();
