/**
 * Settings of the programs that an operator runs by hand: the environment's; or, where it says nothing, those
 * of the site that `npm run up` started in this folder.
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
    const { settings = {} } = JSON.parse(readFileSync(file, "utf8")) as {
      settings?: Record<string, string>;
    };
    return { config: loadConfigOver(settings), from: file };
  }
}

/** Half a configuration is somebody's mistake, and not filled up from elsewhere. */
function namesNoServer(error: unknown): boolean {
  if (!(error instanceof ConfigError)) return false;
  return ["DATABASE_URL", "MEMCACHED_SERVERS"].every(name => error.missing.includes(name));
}
