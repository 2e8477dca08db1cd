/** Faults of MySQL, and of the wire between a front and memcached. */
import { wireFaults } from "./catalogue/memcached-faults.ts";
import { mysqlFaults } from "./catalogue/mysql-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("MySQL, and the wire to memcached", 1, [...mysqlFaults, ...wireFaults]);
