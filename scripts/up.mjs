/**
 * `npm run up`: everything, from a fresh clone to a running site. This first part needs only Node; the rest
 * (`scripts/up/bring-up.ts`) is TypeScript, and runs once the dependencies are there. All that it starts runs on the
 * same Node as it.
 */
import { spawn } from "node:child_process";
import { checkNode, installDependencies } from "./dependencies.mjs";
import { nodeForSite } from "./node-lts.mjs";
import { bringUpFile } from "./up/program.mjs";

checkNode();
installDependencies();
const node = nodeForSite(sentence => console.log(`· ${sentence}`));

const child = spawn(node, ["--import", "tsx", bringUpFile, ...process.argv.slice(2)], {
  stdio: "inherit",
});
// Ctrl-C reaches the child by itself; a signal sent to this process alone has to be handed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", code => process.exit(code ?? 1));
