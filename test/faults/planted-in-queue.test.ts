/** Bugs planted on the way from the reader into the queue are found. */
import { bugsOfQueue } from "./planted.ts";
import { plantedSuite } from "./planted-suite.ts";

plantedSuite("queue", bugsOfQueue);
