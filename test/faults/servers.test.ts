/** Faults of memcached and MySQL. */
import { memcachedFaults } from "./catalogue/memcached-faults.ts";
import { mysqlFaults } from "./catalogue/mysql-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("memcached, MySQL", 1, [...memcachedFaults, ...mysqlFaults]);
