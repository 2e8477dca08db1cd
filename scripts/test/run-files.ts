/** Runs test files by the Node that it is started with; hands the outcome to the process that has started it. */
import { runNodeTests } from "./node-tests.ts";

const [concurrency, ...files] = process.argv.slice(2);
const outcome = await runNodeTests(files, Number(concurrency));
process.send?.(outcome, () => process.exit());
