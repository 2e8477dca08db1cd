/** Every fault that the suite knows; those of two copies (`catalogue/copies.ts`) need a site of their own. */
import { editorFaults } from "./catalogue/editor-faults.ts";
import { frontFaults } from "./catalogue/front-faults.ts";
import { memcachedFaults, wireFaults } from "./catalogue/memcached-faults.ts";
import { mysqlFaults } from "./catalogue/mysql-faults.ts";
import { workerFaults } from "./catalogue/worker-faults.ts";
import type { Fault } from "./incident.ts";

export const faults: readonly Fault[] = [
  ...frontFaults,
  ...workerFaults,
  ...memcachedFaults,
  ...wireFaults,
  ...mysqlFaults,
  ...editorFaults,
];
