/**
 * Reads and checks the settings when a process starts.
 *
 * This is the only module that reads `process.env`. It does so when called, not when imported: a build needs
 * no environment.
 */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { type LaneRules, readLaneRules } from "./lane-rules.ts";
import { isLoopback } from "./loopback.ts";
import { misspeltSettings } from "./misspelt.ts";
import { type Address, unwrapped } from "./setting-types.ts";
import { settings, variableOf } from "./settings.ts";

const schema = z
  .object(settings)
  .refine(({ workerHost, workerToken }) => isLoopback(workerHost) || workerToken !== undefined, {
    path: ["workerToken"],
    error: "must be set when FLOODGATE_WORKER_HOST is not this machine's loopback address",
  })
  .refine(({ secret, previousSecrets: all }) => new Set([secret, ...all]).size === all.length + 1, {
    path: ["previousSecrets"],
    error: "must not name a secret twice, nor FLOODGATE_SECRET itself",
  });

type Values = z.output<typeof schema>;
type Key = keyof Values;

export type Config = Readonly<Omit<Values, "embedSites" | "lanesFile">> & {
  readonly publicUrl: string;
  readonly queueServers: readonly Address[];
  readonly kickstartTo: readonly Address[];
  /** Sites that may embed polls, as CSP sources. */
  readonly embedSites: readonly string[];
  readonly lanes: LaneRules;
};

/** Everything that is wrong with the environment, one sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  /** Required settings that are not set. */
  readonly missing: readonly string[];

  constructor(problems: readonly string[], missing: readonly string[] = []) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
    this.missing = missing;
  }
}

/**
 * Reads the settings.
 *
 * @throws ConfigError naming every setting that is missing, wrong or misspelt.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const keys = Object.keys(settings) as Key[];
  const result = schema.safeParse(
    Object.fromEntries(keys.map(key => [key, readVariable(key, env)])),
  );
  const wrong = (result.error?.issues ?? []).map(({ path, code, message }) => {
    const name = variableOf(path[0] as Key);
    // A custom issue is about two settings: its message says which one to set.
    return { name, missing: env[name] === undefined && code !== "custom", message };
  });
  const sentences = [
    ...wrong.map(({ name, missing, message }) => `${name} ${missing ? "is not set" : message}`),
    ...misspeltSettings(env),
  ];
  const problems = [...new Set(sentences)];
  const missing = wrong.filter(each => each.missing).map(({ name }) => name);
  if (!result.success || problems.length > 0) throw new ConfigError(problems, missing);
  const { lanesFile, ...values } = result.data;
  return {
    ...values,
    frontProcesses: values.frontProcesses || availableParallelism(),
    publicUrl: values.publicUrl ?? `http://localhost:${values.port}`,
    embedSites: embedSitesOf(values),
    lanes: readLanes(lanesFile),
    queueServers: values.queueServers ?? values.memcachedServers,
    kickstartTo: values.kickstartTo ?? [{ host: "127.0.0.1", port: values.workerPort }],
  };
}

/** Secrets are taken as they stand: others may have the same one from a file with the same quotes. */
const verbatim: ReadonlySet<Key> = new Set(["secret", "previousSecrets", "workerToken"]);

function readVariable(key: Key, env: NodeJS.ProcessEnv): string | undefined {
  const value = env[variableOf(key)];
  return value === undefined || verbatim.has(key) ? value : unwrapped(value);
}

function readLanes(path: string | undefined): LaneRules {
  try {
    return readLaneRules(path);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([`${variableOf("lanesFile")}: ${path}: ${error.message}`]);
  }
}

/**
 * The settings, with `defaults` for variables that are not in the environment.
 *
 * @throws ConfigError.
 */
export function loadConfigOver(defaults: Readonly<Record<string, string>>): Config {
  return loadConfig({ ...defaults, ...process.env });
}

/** Where `npm run up` keeps the servers, secrets and logs of its site. */
export function dataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.FLOODGATE_DATA_DIR ?? ".data";
}

/** The sites that are set, or every https site; while our own site is on plain http (development), http sites too. */
function embedSitesOf({
  embedSites,
  publicUrl,
}: Pick<Values, "embedSites" | "publicUrl">): readonly string[] {
  if (embedSites.length > 0) return embedSites;
  return publicUrl?.startsWith("https:") ? ["https:"] : ["https:", "http:"];
}
