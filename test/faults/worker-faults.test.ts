/** Faults of workers. */
import { workerFaults } from "./catalogue/worker-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("workers", 1, workerFaults);
