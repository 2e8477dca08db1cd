/** Ends a program whose main function is another's, like Next's server, when its settings are wrong. */
import { ConfigError, loadConfig } from "../config/config.ts";

/** `EX_CONFIG` of sysexits.h. */
const configStatus = 78;

/** Reads the settings. Ends the process with one line and status 78 when they are wrong. */
export function stopOnWrongSettings(program: string): void {
  try {
    loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${program}: wrong settings: ${error.problems.join("; ")}\n`);
    process.exit(configStatus);
  }
}
