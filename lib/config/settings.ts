/**
 * Every setting: its environment variable, its type, its default and its documentation.
 *
 * `docs/configuration.md` and `.env.example` are generated from the texts here (`npm run gen`).
 */
import { z } from "zod";
import { DAY, MINUTE } from "../base/clock.ts";
import { languages } from "../base/languages.ts";
import { lineOfText } from "../base/written-text.ts";
import {
  addresses,
  addressesOfIpv4,
  databaseUrl,
  host,
  hostOfIpv4,
  networks,
  oneOf,
  origin,
  originPatterns,
  type SettingMeta,
  setting,
  text,
  textList,
  timeZone,
  wholeNumber,
} from "./setting-types.ts";

const rootSecret = z
  .string()
  .min(32, "must have at least 32 characters; make one with: openssl rand -hex 32");

export const settings = {
  databaseUrl: setting("DATABASE_URL", databaseUrl, {
    tier: "needed",
    doc: "MySQL 8, or MariaDB 10.11 or later: mysql://user:password@host:port/database (or mariadb://), with one host, a user and a database. See 'The address of MySQL' in docs/configuration.md.",
    secret: true,
  }),
  memcachedServers: setting("MEMCACHED_SERVERS", addresses, {
    tier: "needed",
    doc: "memcached servers for tallies, ballot-once marks and published polls, as host:port, separated by commas; an IPv6 address stands in brackets. The order does not matter. To add or remove servers, restart the processes one after the other with the new list: the change begins when all of them have it.",
  }),
  secret: setting("FLOODGATE_SECRET", rootSecret, {
    tier: "needed",
    doc: "Root of all keys: voter cookies, voter keys, sign-in. Every process needs the same one, and one that differs does not start. To change it, see FLOODGATE_PREVIOUS_SECRETS.",
    secret: true,
  }),
  publicUrl: setting("PUBLIC_URL", origin.optional(), {
    tier: "needed",
    doc: "Origin that readers see, for links and cookies; the default is http://localhost:PORT. With https, cookies are Secure and work inside embeds.",
  }),

  port: setting("PORT", wholeNumber(1, 65_535).default(3000), {
    tier: "common",
    doc: "Port of the front.",
  }),
  host: setting("HOST", host.default("127.0.0.1"), {
    tier: "common",
    doc: "Address that the front listens on. The default is reachable from this machine only: put a TLS proxy before it, or set 0.0.0.0.",
  }),
  siteName: setting("FLOODGATE_SITE_NAME", lineOfText(60).default("Floodgate"), {
    tier: "common",
    doc: "Name of the news site, at the top of readers' pages.",
  }),
  language: setting("FLOODGATE_LANGUAGE", oneOf(languages).default("en"), {
    tier: "common",
    doc: "Language of readers' pages when neither the poll nor the reader's browser asks for another supported one.",
  }),
  timeZone: setting("FLOODGATE_TIME_ZONE", timeZone.default("UTC"), {
    tier: "common",
    doc: "The newsroom's time zone. Times are written in it where the reader's own zone is not known.",
  }),
  embedSites: setting("FLOODGATE_EMBED_SITES", originPatterns.default([]), {
    tier: "common",
    doc: "Sites that may embed polls, separated by commas, like https://news.example or https://*.news.example. Empty: every https site may.",
  }),
  trustedProxies: setting("FLOODGATE_TRUSTED_PROXIES", networks.default([]), {
    tier: "common",
    doc: "Addresses or networks (CIDR) of proxies whose X-Forwarded-For is trusted, separated by commas. It is ignored from any other address.",
  }),
  frontProcesses: setting("FLOODGATE_FRONT_PROCESSES", wholeNumber(0, 64).default(0), {
    tier: "common",
    doc: "Serving processes, which share one port; 0: one for each core. With 2 or more, SIGHUP replaces them one after the other.",
  }),
  workerPort: setting("FLOODGATE_WORKER_PORT", wholeNumber(1, 65_535).default(3001), {
    tier: "common",
    doc: "Port of the worker's own pages (TCP) and of the kickstart (UDP).",
  }),
  workerHost: setting("FLOODGATE_WORKER_HOST", host.default("127.0.0.1"), {
    tier: "common",
    doc: "Address that the worker's pages listen on. Any address other than loopback requires FLOODGATE_WORKER_TOKEN.",
  }),
  workerToken: setting(
    "FLOODGATE_WORKER_TOKEN",
    z
      .string()
      .min(16, "must have at least 16 characters; make one with: openssl rand -hex 16")
      .regex(
        /^\S(?:[^\p{Cc}]*\S)?$/u,
        "must not begin or end with white space, nor have line breaks",
      )
      .optional(),
    {
      tier: "common",
      doc: "Token for the worker's pages: sent as a bearer token, or as the password with any user name. /healthz needs none.",
      secret: true,
    },
  ),
  previousSecrets: setting(
    "FLOODGATE_PREVIOUS_SECRETS",
    textList.pipe(z.array(rootSecret)).default([]),
    {
      tier: "common",
      doc: 'Earlier values of FLOODGATE_SECRET, newest first, separated by commas or as a JSON list, while polls still need them. A poll keeps the secret that it was created with; new polls get the newest one that every front knows. So a rolling restart changes the secret without a gap: see "Rotate the secret" in docs/runbook.md.',
      secret: true,
    },
  ),
  stateDir: setting("FLOODGATE_STATE_DIR", text(1000).optional(), {
    tier: "common",
    doc: "Folder, one on each machine, where fronts note how many votes they accepted. Without it, votes that are lost when a front and the only memcached die together are missing from the books, too.",
  }),
  logLevel: setting(
    "FLOODGATE_LOG_LEVEL",
    oneOf(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
    { tier: "common", doc: "Least severe level that is logged." },
  ),
  lanesFile: setting("FLOODGATE_LANES_FILE", text(1000).optional(), {
    tier: "common",
    doc: "JSON file with the rules for the high, normal and low lanes, see docs/lanes.md. Without one, the poll's own setting decides. The same for every process.",
  }),
  queueServers: setting("FLOODGATE_QUEUE_SERVERS", addresses.optional(), {
    tier: "common",
    doc: "memcached servers for the vote queues; the default is MEMCACHED_SERVERS. They must run with -M, so that a full server answers with an error instead of evicting votes.",
  }),
  queueCopies: setting("FLOODGATE_QUEUE_COPIES", wholeNumber(1, 2).default(1), {
    tier: "common",
    doc: "Copies of each vote, on as many queue servers, before it is acknowledged; also copies of each tally. With 1, votes are lost only when a front and its memcached server die together: the votes that the front had acknowledged and the worker had not yet stored, normally some milliseconds' worth, under load a quarter of a second and one pass of the worker. With 2 copies on two or more servers, losing one server together with a front loses no votes. A process that differs from the others does not start.",
  }),
  queueHomes: setting("FLOODGATE_QUEUE_HOMES", wholeNumber(1, 64).default(8), {
    tier: "common",
    doc: "Queues in each lane. Set it to at least the number of front processes on all machines together, so that no process waits for another's lock. Processes may differ: all of them read the queues of the highest number.",
  }),
  queueFirstHome: setting("FLOODGATE_QUEUE_FIRST_HOME", wholeNumber(0, 63).default(0), {
    tier: "common",
    doc: "This machine's first home. With several front machines, give each a range of its own.",
  }),
  kickstartTo: setting("FLOODGATE_KICKSTART_TO", addressesOfIpv4.optional(), {
    tier: "common",
    doc: "Workers that a front notifies of new votes, as host:port, separated by commas; the default is 127.0.0.1:FLOODGATE_WORKER_PORT. A worker that gets no notification finds the votes within FLOODGATE_FLUSH_INTERVAL_MS.",
  }),
  kickstartHost: setting("FLOODGATE_KICKSTART_HOST", hostOfIpv4.default("127.0.0.1"), {
    tier: "common",
    doc: "IPv4 address on which the worker receives kickstart datagrams. A datagram starts a pass of the worker, at most fifty times a second, and does nothing else.",
  }),

  queueLingerMs: setting("FLOODGATE_QUEUE_LINGER_MS", wholeNumber(0, 100).default(2), {
    tier: "tuning",
    doc: "Shortest time between two rounds of a front. Votes that arrive meanwhile share one slot.",
    unit: "milliseconds",
  }),
  queueGraceMs: setting("FLOODGATE_QUEUE_GRACE_MS", wholeNumber(2_000, 60_000).default(3_000), {
    tier: "tuning",
    doc: "How long the worker waits for a missing slot: its number was reserved, but nothing is stored there. It must be longer than any front holds a number.",
    unit: "milliseconds",
  }),
  queueKeepMs: setting("FLOODGATE_QUEUE_KEEP_MS", wholeNumber(0, 600_000).default(0), {
    tier: "tuning",
    doc: "How long a slot stays in memcached after its commit; while MySQL does not answer, the time does not end. If a MySQL replica may be promoted, set it longer than the replica's lag: the worker then flushes again what the replica lacks.",
    unit: "milliseconds",
  }),
  queueReplayBytes: setting(
    "FLOODGATE_QUEUE_REPLAY_BYTES",
    wholeNumber(1_048_576, 1_073_741_824).default(67_108_864),
    {
      tier: "tuning",
      doc: "Memory of each front for votes that are acknowledged and not yet in MySQL. When memcached loses its memory, the front enqueues them again.",
      unit: "bytes",
    },
  ),
  queueMemoryPercent: setting("FLOODGATE_QUEUE_MEMORY_PERCENT", wholeNumber(10, 95).default(50), {
    tier: "tuning",
    doc: "Share of a queue server's memory that waiting votes may fill (while MySQL is away) before the low lane is refused. The normal lane is refused after another third of the rest, the high lane after two thirds.",
    unit: "percent",
  }),
  fallbackBallotsPerSecond: setting(
    "FLOODGATE_FALLBACK_BALLOTS_PER_SECOND",
    wholeNumber(10, 100_000).default(1_000),
    {
      tier: "tuning",
      doc: "While no queue server can be reached, each serving process writes at most this many ballots straight into MySQL. Readers beyond that are asked to try again.",
      unit: "ballots a second",
    },
  ),
  flushIntervalMs: setting("FLOODGATE_FLUSH_INTERVAL_MS", wholeNumber(10, 60_000).default(1_000), {
    tier: "tuning",
    doc: "Longest time between two passes of the worker over the queues. Passes follow each other faster while votes wait, and after a kickstart: at once, or a quarter of a second after a pass that found votes.",
    unit: "milliseconds",
  }),
  flushBallotsMax: setting("FLOODGATE_FLUSH_BALLOTS_MAX", wholeNumber(1, 50_000).default(10_000), {
    tier: "tuning",
    doc: "Most ballots in one transaction of the worker, as near as whole slots allow.",
  }),
  frontGoneMs: setting("FLOODGATE_FRONT_GONE_MS", wholeNumber(10_000, DAY).default(10 * MINUTE), {
    tier: "tuning",
    doc: "A front without a report for so long, while MySQL and a worker are there, is declared gone: polls that have closed become final without waiting for it. Votes that it still brings afterwards are set aside.",
    unit: "milliseconds",
  }),
  viewersMax: setting("FLOODGATE_VIEWERS_MAX", wholeNumber(0, 1_000_000).default(20_000), {
    tier: "tuning",
    doc: "Most viewers of live results for each front process. Each holds a connection: the limit on open files must be higher.",
  }),
};

/** Settings that scripts read before any configuration is loaded. */
const scriptSettings = ["FLOODGATE_DATA_DIR"];

/** A setting as `docs/configuration.md` shows it. */
export interface SettingDoc extends SettingMeta {
  readonly fallback: string | undefined;
  readonly required: boolean;
}

/** Every setting with its documentation, in the order of this file. */
export function settingDocs(): SettingDoc[] {
  return Object.values(settings).map(field => {
    const missing = field.safeParse(undefined);
    const fallback =
      missing.success && missing.data !== undefined ? String(missing.data) : undefined;
    return { ...metaOf(field), fallback, required: !missing.success };
  });
}

const metaOf = (field: z.ZodType): SettingMeta => field.meta() as unknown as SettingMeta;

/** The environment variable of a setting. */
export const variableOf = (key: keyof typeof settings): string => metaOf(settings[key]).name;

/** Environment variables that are settings. */
export const knownVariables: ReadonlySet<string> = new Set([
  ...Object.values(settings).map(field => metaOf(field).name),
  ...scriptSettings,
]);
