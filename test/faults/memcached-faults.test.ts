/** Faults of memcached itself. */
import { memcachedFaults } from "./catalogue/memcached-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("memcached", 1, memcachedFaults);
