/** Faults of fronts, and what people do at the wrong moment. */
import { editorFaults } from "./catalogue/editor-faults.ts";
import { frontFaults } from "./catalogue/front-faults.ts";
import { faultSuite } from "./suite.ts";

faultSuite("fronts and people", 1, [...frontFaults, ...editorFaults]);
