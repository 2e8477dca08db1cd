/**
 * Every setting, read from the environment and checked once, when a process starts.
 *
 * This is the only module that reads `process.env`, and it does so when called, never when imported: a
 * build needs no environment. `docs/configuration.md` and `.env.example` are generated from the texts
 * here (`npm run gen`).
 */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { languages } from "../base/languages.ts";
import { type LaneRules, readLaneRules } from "./lane-rules.ts";
import type { Address } from "./setting-types.ts";
import {
  addresses,
  list,
  origin,
  originPatterns,
  type SettingMeta,
  setting,
  timeZone,
  wholeNumber,
} from "./setting-types.ts";

const shape = {
  PORT: setting(wholeNumber(1, 65_535).default(3000), { doc: "Port of the front." }),
  HOST: setting(z.string().default("127.0.0.1"), {
    doc: "Address that the front listens on. The default is this machine only: put a TLS proxy before it, or set 0.0.0.0.",
  }),
  FRONT_PROCESSES: setting(wholeNumber(0, 64).default(0), {
    doc: "Processes that serve, on the one port; 0: one for each core. With 2 or more, SIGHUP replaces them one after the other.",
  }),
  PUBLIC_URL: setting(origin.optional(), {
    doc: "Origin that readers see, for links and cookies; the default is http://localhost:PORT. With https, cookies are Secure and work inside embeds.",
  }),
  DATABASE_URL: setting(
    z.url({ protocol: /^mysql$/, error: "must be mysql://user:password@host:port/database" }),
    { doc: "MySQL 8 or MariaDB 10.11 and later.", secret: true },
  ),
  MEMCACHED_SERVERS: setting(addresses, {
    doc: "memcached servers for tallies, ballot-once marks and published polls. Which server a key lives on follows from the order: keep it, and give every process the same list.",
  }),
  QUEUE_SERVERS: setting(addresses.optional(), {
    doc: "memcached servers for the vote queues; the default is MEMCACHED_SERVERS. They must run with -M, so that a full server is an error and not a lost vote.",
  }),
  QUEUE_COPIES: setting(wholeNumber(1, 2).default(1), {
    doc: "On how many queue servers each vote is stored before it is acknowledged, and on how many memcached servers each tally is kept. With 1, votes are lost only when a front and its memcached server die in the same moment: those that it had acknowledged and the worker had not yet stored, normally the votes of some milliseconds, under load of a quarter of a second and a pass. With 2 (and two servers or more) also that costs nothing. The same for every process.",
  }),
  QUEUE_HOMES: setting(wholeNumber(1, 64).default(8), {
    doc: "Queues of each lane. At least the number of front processes on all machines together, so that none waits for another's lock. The same for every process.",
  }),
  QUEUE_LINGER_MS: setting(wholeNumber(0, 100).default(2), {
    doc: "Least time between two rounds of a front; votes that arrive meanwhile share one slot.",
    unit: "milliseconds",
  }),
  QUEUE_GRACE_MS: setting(wholeNumber(2_000, 60_000).default(3_000), {
    doc: "How long the worker waits for a slot whose number was taken and which is not there. Longer than any front holds a number.",
    unit: "milliseconds",
  }),
  QUEUE_KEEP_MS: setting(wholeNumber(0, 600_000).default(0), {
    doc: "How long a slot stays in memcached after its commit. Longer than the lag of a MySQL replica that may be promoted: what the replica lacks is then flushed again by itself.",
    unit: "milliseconds",
  }),
  QUEUE_REPLAY_BYTES: setting(wholeNumber(1_048_576, 1_073_741_824).default(67_108_864), {
    doc: "Memory of each front for votes that are acknowledged and not yet in MySQL; from there they are enqueued again when memcached loses its memory.",
    unit: "bytes",
  }),
  QUEUE_MEMORY_SHARE: setting(wholeNumber(10, 95).default(50), {
    doc: "While votes pile up in the queue (MySQL is away), how much of a queue server's memory they may fill before the low lane is refused. The normal lane is refused after another third of what is left, the high lane after two.",
    unit: "percent",
  }),
  QUEUE_FALLBACK_RATE: setting(wholeNumber(10, 100_000).default(1_000), {
    doc: "While no queue server can be reached, votes go straight into MySQL: at most this many from each serving process. More are asked to come again.",
    unit: "votes a second",
  }),
  FLUSH_INTERVAL: setting(wholeNumber(10, 60_000).default(1_000), {
    doc: "Longest time between two looks of the worker at the queues. It looks more often while there is something to do, and when a front sends a kickstart: at once, or a quarter of a second after a look that found something.",
    unit: "milliseconds",
  }),
  WORKER_PORT: setting(wholeNumber(1, 65_535).default(3001), {
    doc: "Port of the worker's own pages (TCP), and of the kickstart (UDP).",
  }),
  WORKER_HOST: setting(z.string().default("127.0.0.1"), {
    doc: "Address that the worker's pages listen on. With anything but loopback, FLOODGATE_WORKER_TOKEN is needed.",
  }),
  FLOODGATE_WORKER_TOKEN: setting(
    z
      .string()
      .min(16, "must have at least 16 characters; make one with: openssl rand -hex 16")
      .optional(),
    {
      doc: "Whoever reads the worker's pages must send it, as a bearer token or as the password of any user. /healthz is open.",
      secret: true,
    },
  ),
  FLOODGATE_LANES: setting(z.string().min(1).optional(), {
    doc: "JSON file with the rules for high, normal and low lanes, see docs/lanes.md; without one, a poll's own setting decides. The same for every process.",
  }),
  FLUSH_BALLOTS: setting(wholeNumber(1, 50_000).default(10_000), {
    doc: "Most ballots that the worker commits in one transaction, as near as whole slots allow.",
  }),
  FLOODGATE_KICKSTART_HOST: setting(z.string().default("127.0.0.1"), {
    doc: "IPv4 address that the worker takes kickstart datagrams at. Whoever can send to it can make the worker look at the queues, fifty times a second at most, and nothing else.",
  }),
  FLOODGATE_KICKSTART_TO: setting(addresses.optional(), {
    doc: "Workers that a front tells of new votes, as host:port, separated by commas; the default is 127.0.0.1:WORKER_PORT. A worker that is not told finds them within FLUSH_INTERVAL.",
  }),
  FLOODGATE_SECRET: setting(
    z.string().min(32, "must have at least 32 characters; make one with: openssl rand -hex 32"),
    {
      doc: "Root of all keys: voter cookies, voter keys, sign-in. Every process needs the same. Changing it lets every reader vote again in open polls.",
      secret: true,
    },
  ),
  FLOODGATE_SITE_NAME: setting(z.string().min(1).max(60).default("Floodgate"), {
    doc: "Name of the news site, at the top of readers' pages.",
  }),
  FLOODGATE_EMBED_SITES: setting(originPatterns.default([]), {
    doc: "Sites that may show polls in their articles, separated by commas, like https://news.example or https://*.news.example. Empty: every https site may.",
  }),
  FLOODGATE_TIME_ZONE: setting(timeZone.default("UTC"), {
    doc: "The newsroom's time zone: how times are written where the reader's own zone is not known.",
  }),
  FLOODGATE_LANGUAGE: setting(z.enum(languages).default("en"), {
    doc: "Language of readers' pages where neither the poll nor the reader's browser asks for another that is spoken here.",
  }),
  FLOODGATE_TRUSTED_PROXIES: setting(list.default([]), {
    doc: "Addresses or networks (CIDR), separated by commas, of proxies whose X-Forwarded-For is believed. Nobody else's is.",
  }),
  FLOODGATE_HOME: setting(wholeNumber(0, 63).default(0), {
    doc: "This machine's first home: with several front machines, give each a range of its own.",
  }),
  FLOODGATE_STATE_DIR: setting(z.string().min(1).optional(), {
    doc: "A folder of its own for each machine's fronts: they note there how many votes they accepted. Without it, what is lost when a front and the only memcached die in the same moment is missing in the books, too.",
  }),
  FLOODGATE_VIEWERS_MAX: setting(wholeNumber(0, 1_000_000).default(20_000), {
    doc: "Viewers of live results that one front process takes at a time. Each holds a connection: the limit on open files must be higher.",
  }),
  FLOODGATE_LOG_LEVEL: setting(
    z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
    { doc: "Least severe level that is logged." },
  ),
};

const loopback = ["127.0.0.1", "::1", "localhost"];

const schema = z
  .object(shape)
  .refine(
    ({ WORKER_HOST, FLOODGATE_WORKER_TOKEN }) =>
      loopback.includes(WORKER_HOST) || FLOODGATE_WORKER_TOKEN !== undefined,
    {
      path: ["FLOODGATE_WORKER_TOKEN"],
      error: "must be set when WORKER_HOST is not this machine's loopback address",
    },
  );

export type Config = Readonly<z.output<typeof schema>> & {
  readonly publicUrl: string;
  /** Who may show polls in their articles, as CSP sources. */
  readonly embedSites: readonly string[];
  readonly queueServers: readonly Address[];
  readonly lanes: LaneRules;
  /** Where kickstarts go. */
  readonly kickstartTo: readonly Address[];
};

/** Settings that belong to scripts, not to the product's processes. */
const scriptSettings = new Set(["FLOODGATE_DATA_DIR"]);

/** All that is wrong with the environment, one sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  /** Settings that are needed and not there. */
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
 * @throws ConfigError naming every setting that is missing, wrong, or (of ours) unknown.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const result = schema.safeParse(env);
  const unknown = Object.keys(env).filter(
    name => name.startsWith("FLOODGATE_") && !(name in shape) && !scriptSettings.has(name),
  );
  const wrong = (result.error?.issues ?? []).map(({ path, code, message }) => {
    const name = String(path[0]);
    // What one setting asks of another says so itself.
    return { name, missing: env[name] === undefined && code !== "custom", message };
  });
  const problems = [
    ...wrong.map(({ name, missing, message }) => `${name} ${missing ? "is not set" : message}`),
    ...unknown.map(name => `${name} is not a setting; see docs/configuration.md`),
  ];
  const missing = wrong.filter(each => each.missing).map(({ name }) => name);
  if (!result.success || problems.length > 0) throw new ConfigError(problems, missing);
  const values = result.data;
  const lanes = readLanes(values.FLOODGATE_LANES);
  return {
    ...values,
    FRONT_PROCESSES: values.FRONT_PROCESSES || availableParallelism(),
    publicUrl: values.PUBLIC_URL?.replace(/\/$/, "") ?? `http://localhost:${values.PORT}`,
    embedSites: embedSites(values),
    lanes,
    queueServers: values.QUEUE_SERVERS ?? values.MEMCACHED_SERVERS,
    kickstartTo: values.FLOODGATE_KICKSTART_TO ?? [{ host: "127.0.0.1", port: values.WORKER_PORT }],
  };
}

function readLanes(path: string | undefined): LaneRules {
  try {
    return readLaneRules(path);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([`FLOODGATE_LANES: ${path}: ${error.message}`]);
  }
}

/**
 * The settings, with `beneath` for whatever the environment does not say.
 *
 * @throws ConfigError.
 */
export function loadConfigOver(beneath: Readonly<Record<string, string>>): Config {
  return loadConfig({ ...beneath, ...process.env });
}

/** Where `npm run up` keeps the servers, secrets and logs of its site. */
export function dataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.FLOODGATE_DATA_DIR ?? ".data";
}

/** Any https site, unless some are named; with our own site on plain http (development), http too. */
function embedSites(values: z.output<typeof schema>): readonly string[] {
  if (values.FLOODGATE_EMBED_SITES.length > 0) return values.FLOODGATE_EMBED_SITES;
  const secure = values.PUBLIC_URL?.startsWith("https:") ?? false;
  return secure ? ["https:"] : ["https:", "http:"];
}

/** A setting as `docs/configuration.md` shows it. */
export interface SettingDoc extends SettingMeta {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly required: boolean;
}

/** Every setting with its documentation, in the order of this file. */
export function settingDocs(): SettingDoc[] {
  return Object.entries(shape).map(([name, field]) => {
    const meta = field.meta() as unknown as SettingMeta;
    const missing = field.safeParse(undefined);
    const fallback =
      missing.success && missing.data !== undefined ? String(missing.data) : undefined;
    return { name, ...meta, fallback, required: !missing.success };
  });
}
