/**
 * Settings of the commands: the environment's; or, where it names no server, those of the site that `npm run up`
 * started in this folder.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Config,
  ConfigError,
  dataDirectory,
  loadConfig,
  loadConfigOver,
} from "#lib/config/config.ts";

export interface OperatorSettings {
  readonly config: Config;
  /** Where they came from, for people. */
  readonly from: string;
}

/**
 * Reads them.
 *
 * @throws ConfigError.
 */
export function operatorSettings(): OperatorSettings {
  try {
    return { config: loadConfig(), from: "the environment" };
  } catch (error) {
    const file = join(dataDirectory(), "up.json");
    if (!namesNoServer(error) || !existsSync(file)) throw error;
    return { config: loadConfigOver(settingsIn(file)), from: file };
  }
}

/** Half a configuration is a mistake, and is not completed from elsewhere. */
function namesNoServer(error: unknown): boolean {
  if (!(error instanceof ConfigError)) return false;
  return ["DATABASE_URL", "MEMCACHED_SERVERS"].every(name => error.missing.includes(name));
}

function settingsIn(file: string): Record<string, string> {
  try {
    const { settings = {} } = JSON.parse(readFileSync(file, "utf8")) as {
      settings?: Record<string, string>;
    };
    return settings;
  } catch {
    throw new ConfigError([`${file} cannot be read as JSON: start \`npm run up\` again`]);
  }
}
