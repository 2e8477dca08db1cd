/** Faults of our own programs, and what people do at the wrong moment. */
import { editorFaults } from "./catalogue/editor-faults.ts";
import { frontFaults } from "./catalogue/front-faults.ts";
import { workerFaults } from "./catalogue/worker-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("fronts, workers, people", 1, [...frontFaults, ...workerFaults, ...editorFaults]);
