/** Every fault that the suite knows; those of two copies (`catalogue/copies.ts`) need a site of their own. */
import { editorFaults } from "./catalogue/editors.ts";
import { frontFaults } from "./catalogue/fronts.ts";
import { memcachedFaults } from "./catalogue/memcached.ts";
import { mysqlFaults } from "./catalogue/mysql.ts";
import { workerFaults } from "./catalogue/workers.ts";
import type { Fault } from "./incident.ts";

export const faults: readonly Fault[] = [
  ...frontFaults,
  ...workerFaults,
  ...memcachedFaults,
  ...mysqlFaults,
  ...editorFaults,
];
