/** Faults of one of two memcached servers. */
import { copiesFaults } from "./catalogue/copy-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("two copies", 2, copiesFaults);
