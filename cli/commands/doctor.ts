/**
 * `npm run doctor`: looks at everything an operator would look at, and says in words what is wrong and what to
 * do. Changes nothing. Ends with status 1 when something is wrong.
 */
import { ConfigError } from "#lib/config/config.ts";
import { examine } from "../doctor/examine.ts";
import { type Finding, lineOf, verdictOf, wrong } from "../doctor/finding.ts";
import { operatorSettings } from "../settings.ts";

async function findings(): Promise<Finding[]> {
  try {
    const { config, from } = operatorSettings();
    return await examine(config, from);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const todo = "Put it right where the settings come from, and run this again.";
    return error.problems.map(problem => wrong("settings", "settings", problem, todo));
  }
}

const found = await findings();
const lines = [...found.map(lineOf), verdictOf(found)];
// Connections to a server that hangs would keep the process: it ends when the lines are out.
process.stdout.write(`${lines.join("\n")}\n`, () =>
  process.exit(found.some(({ level }) => level === "wrong") ? 1 : 0),
);
