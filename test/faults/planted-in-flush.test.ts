/** Bugs planted on the way from the queue into MySQL are found. */
import { bugsOfFlush } from "./planted.ts";
import { plantedSuite } from "./planted-suite.ts";

plantedSuite("flush", bugsOfFlush);
