/** Settings that are valid and still a mistake, and secrets that are easy to guess. Reads only the settings. */
import type { Config } from "#lib/config/config.ts";
import { readDatabaseUrl } from "#lib/config/database-url.ts";
import { isLoopback } from "#lib/config/loopback.ts";
import { addressText } from "#lib/config/setting-types.ts";
import { type Finding, findingsOrOk, warn, wrong } from "./finding.ts";

const about = "settings";

/** Settings that contradict each other. */
export function checkSettings(config: Config, from: string): Finding[] {
  const homesNeeded = config.queueFirstHome + config.frontProcesses;
  const servers = new Set(config.queueServers.map(addressText));
  const { hostname, protocol } = new URL(config.publicUrl);
  const open = !isLoopback(hostname);
  return findingsOrOk(
    [
      config.queueCopies > servers.size &&
        wrong(
          about,
          "settings",
          `FLOODGATE_QUEUE_COPIES=${config.queueCopies}, and there is ${servers.size} queue server: votes have one copy`,
          "Name a second memcached server in FLOODGATE_QUEUE_SERVERS (or MEMCACHED_SERVERS), on another machine.",
        ),
      homesNeeded > config.queueHomes &&
        warn(
          about,
          "settings",
          `front processes ${config.queueFirstHome} to ${homesNeeded - 1} share ${config.queueHomes} homes, and wait for each other's locks`,
          `Set FLOODGATE_QUEUE_HOMES=${homesNeeded} or more, the same for every process.`,
        ),
      open &&
        protocol === "http:" &&
        warn(
          about,
          "settings",
          `PUBLIC_URL is ${config.publicUrl}: cookies travel unencrypted, and do not work in embeds`,
          "Put a TLS proxy in front, and set PUBLIC_URL to its https address.",
        ),
      open &&
        protocol === "https:" &&
        config.trustedProxies.length === 0 &&
        warn(
          about,
          "settings",
          "no trusted proxy: every sign-in seems to come from the TLS proxy, so all editors share one limit",
          "Set FLOODGATE_TRUSTED_PROXIES to the proxy's address.",
        ),
    ],
    about,
    `from ${from}; ${config.frontProcesses} front processes, ${config.queueHomes} homes, ${config.queueCopies === 1 ? "one copy" : "two copies"} of each vote`,
  );
}

/** Words that random secrets do not contain and placeholders do. */
const telltale = /secret|password|change|example|default|floodgate|123456/i;
const distinctMin = 8;
const passwordLengthMin = 12;

/** Secrets that can be guessed. Their values are never printed. */
export function checkSecrets(config: Config): Finding[] {
  const { secret, workerToken: token } = config;
  const { user, password, socketPath } = readDatabaseUrl(config.databaseUrl);
  const makeOne = "Make one with `openssl rand -hex 32`";
  return findingsOrOk(
    [
      isGuessable(secret) &&
        wrong(
          "secrets",
          "rotate-the-secret",
          "FLOODGATE_SECRET looks like a default or a sentence: anybody who guesses it can vote any number of times, and sign in",
          `${makeOne}, and put the present one into FLOODGATE_PREVIOUS_SECRETS while polls need it.`,
        ),
      token !== undefined &&
        (isGuessable(token) || token === secret) &&
        wrong(
          "secrets",
          "secrets",
          "FLOODGATE_WORKER_TOKEN looks like a default, or equals FLOODGATE_SECRET",
          `${makeOne}, for the worker and the clients of its pages.`,
        ),
      // A socket knows who is at its other end: MySQL may ask for no password there.
      !(socketPath !== undefined && password === "") &&
        (password.length < passwordLengthMin ||
          password === user ||
          new Set(password).size < distinctMin / 2) &&
        wrong(
          "secrets",
          "secrets",
          password === ""
            ? "MySQL is used without a password"
            : "MySQL's password is short, or equals the user's name",
          `${makeOne}; set it for the user in MySQL and in DATABASE_URL.`,
        ),
      user === "root" &&
        warn(
          "secrets",
          "secrets",
          "MySQL is used as root, which may change every database",
          "Create a user for this one database: GRANT ALL ON floodgate.* TO …",
        ),
    ],
    "secrets",
    "long, and not a default",
  );
}

function isGuessable(secret: string): boolean {
  return telltale.test(secret) || new Set(secret).size < distinctMin;
}
