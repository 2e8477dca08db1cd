/** Faults of our own programs, and what people do at the wrong moment. */
import { editorFaults } from "./catalogue/editors.ts";
import { frontFaults } from "./catalogue/fronts.ts";
import { workerFaults } from "./catalogue/workers.ts";
import { faultSuite } from "./suite.ts";

faultSuite("fronts, workers, people", 1, [...frontFaults, ...workerFaults, ...editorFaults]);
