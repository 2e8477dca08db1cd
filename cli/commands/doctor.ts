/** `floodgate doctor`: checks everything that an operator would check, and says what is wrong and what to do. */
import { ConfigError } from "#lib/config/config.ts";
import { createProgram, exitStatus } from "#lib/program/command-line.ts";
import { examine } from "../doctor/examine.ts";
import { type Finding, lineOf, verdictOf, wrong } from "../doctor/finding.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";

export const command = createProgram(
  {
    name: "doctor",
    summary: "check everything that runs, and say what is wrong",
    description:
      "Checks settings, secrets, memcached, MySQL, schema, queues, books, dead letters, counts, worker and front. " +
      "Changes nothing. A problem comes with what to do and with its section of docs/runbook.md.",
    statuses: { 0: "no problems", 1: "a problem was found; wrong settings are one" },
    examples: ["floodgate doctor"],
  },
  async () => {
    const found = await findings();
    for (const finding of found) print(lineOf(finding));
    print(verdictOf(found));
    return found.some(({ level }) => level === "wrong") ? exitStatus.failed : exitStatus.ok;
  },
);

async function findings(): Promise<Finding[]> {
  try {
    const { config, from } = operatorSettings();
    return await examine(config, from);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const todo = "Correct it where the settings come from, and run this again.";
    return error.problems.map(problem => wrong("settings", "settings", problem, todo));
  }
}
