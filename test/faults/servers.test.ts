/** Faults of memcached and MySQL. */
import { memcachedFaults } from "./catalogue/memcached.ts";
import { mysqlFaults } from "./catalogue/mysql.ts";
import { faultSuite } from "./suite.ts";

faultSuite("memcached, MySQL", 1, [...memcachedFaults, ...mysqlFaults]);
