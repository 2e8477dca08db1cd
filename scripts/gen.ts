/**
 * Writes what is generated from the source and committed: the configuration's and the errors' pages and
 * the example environment. With `--check` it writes nothing and fails when a file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { errorCodes, errorSpec } from "#lib/base/errors.ts";
import type { Tier } from "#lib/config/setting-types.ts";
import { type SettingDoc, settingDocs } from "#lib/config/settings.ts";
import { problemType } from "#lib/http/problem.ts";

const cell = (text: string) => text.replaceAll("|", "\\|");

const tiers: readonly { readonly tier: Tier; readonly title: string; readonly text: string }[] = [
  {
    tier: "needed",
    title: "Needed",
    text: "Every public site sets these four. `npm run up` chooses the required ones by itself.",
  },
  {
    tier: "common",
    title: "Common",
    text: "What sites differ in: addresses, names, several machines, a second copy of every vote.",
  },
  {
    tier: "tuning",
    title: "Tuning",
    text: "The defaults are measured. Change one only when this documentation or your own measurements say so.",
  },
];

const settingsOf = (tier: Tier): SettingDoc[] => settingDocs().filter(each => each.tier === tier);

function settingRow({ name, doc, unit, fallback, required }: SettingDoc): string {
  const value = required ? "required" : fallback ? `\`${fallback}\`` : "";
  return `| \`${name}\` | ${value}${unit && fallback ? ` ${unit}` : ""} | ${cell(doc)} |`;
}

const aboutDatabase = [
  "## The address of MySQL",
  "",
  "`DATABASE_URL` is `mysql://user:password@host:port/database`, or the same with `mariadb://`. User, host and database are",
  "required; the port is 3306 if none is given. Characters like `@ : / ? # %` in the user or the password are percent-encoded:",
  "`p@ss` is `p%40ss`. An IPv6 address stands in brackets. Name one host: the primary, or a proxy that leads to it. What is",
  "not in this table stops the start. The case of a parameter's name and its dashes do not matter: `ssl-mode`, `ssl_mode` and",
  "`sslMode` are the same.",
  "",
  "| parameter | meaning |",
  "| --- | --- |",
  "| none | connections are not encrypted. `floodgate doctor` warns when the server is on another machine |",
  "| `ssl-mode=DISABLED` | the same |",
  "| `ssl-mode=REQUIRED`, `ssl=true` | connections are encrypted. The certificate is not checked, so a machine in between may pass for the server |",
  "| `ssl-mode=VERIFY_CA` | and the certificate is signed by an authority of `ssl-ca`, or a well-known one |",
  "| `ssl-mode=VERIFY_IDENTITY` | and the certificate names the host. The host must be a name, not an IP address |",
  "| `ssl-ca=/path/ca.pem` | authorities, in PEM. Without an `ssl-mode` it means `VERIFY_CA` |",
  "| `ssl-cert=…`, `ssl-key=…` | our own certificate and its key, in PEM, for servers that ask for one |",
  '| `ssl={"rejectUnauthorized":true}` | as Node\'s driver reads it; also `verifyIdentity`, and `ca`, `cert` and `key` with PEM text. `false` means `REQUIRED` |',
  "| `socket=/path/mysqld.sock` | a unix socket (also `socketPath`), with `localhost` or nothing as the host: `mysql://user@/database?socket=…` |",
  "",
  "`ssl-mode=PREFERRED` is refused, because it would go on unencrypted without a word. PostgreSQL's names `require`, `verify-ca`,",
  "`verify-full` and `disable` are understood. A server that has no TLS, or whose certificate is refused, stops the start of a",
  "front or a worker.",
  "",
];

const aboutNames = [
  "## Names",
  "",
  "Every variable of ours begins with `FLOODGATE_`. Five have the names that hosts and tools already use: `PORT`, `HOST`,",
  "`PUBLIC_URL`, `DATABASE_URL` and `MEMCACHED_SERVERS`. A name ends in its unit where the value has one: `_MS`, `_BYTES`,",
  "`_PERCENT`, `_PER_SECOND`.",
  "",
  "A misspelt name stops the start with a line that names the nearest setting:",
  "",
  "- A variable that begins with `FLOODGATE_`, give or take two letters, must be a setting.",
  "- A variable that begins with `QUEUE_`, `FLUSH_`, `WORKER_`, `FRONT_`, `KICKSTART_`, `MEMCACHED_`, `DATABASE_`",
  "  or `PUBLIC_` may belong to another program. It is refused only if the rest of its name differs from a setting's in at most one letter in three,",
  "  and that setting is not set. So `QUEUE_COPYS=2` is refused, and `QUEUE_DRIVER`, `WORKER_CONNECTIONS` and `DATABASE_HOST` are not.",
  "- What Kubernetes sets for services (`…_SERVICE_HOST`, `…_PORT_3000_TCP`, a value like `tcp://10.0.0.1:3001`) is ignored.",
  "  But a service called `floodgate-worker` also sets `FLOODGATE_WORKER_PORT`: choose another name, or set `enableServiceLinks: false`.",
  "",
  "`FLOODGATE_DATA_DIR` is read by `npm run up`: the folder of its private servers, `.data` by default. The commands of",
  "`floodgate` take their settings from its `up.json` when the environment names no server.",
  "",
];

function configurationPage(): string {
  const sections = tiers.flatMap(({ tier, title, text }) => [
    `## ${title}`,
    "",
    text,
    "",
    "| setting | default | meaning |",
    "| --- | --- | --- |",
    ...settingsOf(tier).map(settingRow),
    "",
  ]);
  return [
    "<!-- Generated by `npm run gen` from lib/config/settings.ts: do not edit. -->",
    "# Configuration",
    "",
    "Every setting is an environment variable, read once when a process starts. A wrong value stops the start with a",
    "line that names the setting. White space and one pair of quotes around a value are taken away, except from the secrets",
    "and `FLOODGATE_WORKER_TOKEN`, which are taken as they stand.",
    "",
    ...sections,
    ...aboutDatabase,
    ...aboutNames,
  ].join("\n");
}

function settingExample({ name, doc, fallback, required, secret }: SettingDoc): string[] {
  const assignment = `${name}=${fallback ?? ""}`;
  return [
    `# ${doc}${secret ? " Keep it secret." : ""}`,
    required ? assignment : `# ${assignment}`,
    "",
  ];
}

function environmentExample(): string {
  return [
    "# Generated by `npm run gen` from lib/config/settings.ts: do not edit.",
    "",
    ...tiers.flatMap(({ tier, title }) => [
      `# ---- ${title} ----`,
      "",
      ...settingsOf(tier).flatMap(settingExample),
    ]),
  ].join("\n");
}

function errorsPage(): string {
  const rows = errorCodes
    .filter(code => errorSpec(code).kind !== "internal")
    .map(
      code => `| ${errorSpec(code).status} | \`${problemType(code)}\` | ${errorSpec(code).title} |`,
    );
  return [
    "<!-- Generated by `npm run gen` from lib/base/errors.ts: do not edit. -->",
    "# Errors",
    "",
    "Every error is answered as `application/problem+json` (RFC 9457). `type` and `code` are stable; `title` and `detail`",
    "are for people and may change. An unexpected error is logged with its `requestId`.",
    "",
    "| status | type | meaning |",
    "| --- | --- | --- |",
    ...rows.sort(),
    "",
    "A method that a route does not have is answered with 405 and an empty body, without a problem document.",
    "A 503 has `Retry-After`, in seconds. Sending the same ballot again with the same `ballotId` is always safe.",
    "",
  ].join("\n");
}

const files: Readonly<Record<string, () => string>> = {
  "docs/configuration.md": configurationPage,
  "docs/errors.md": errorsPage,
  ".env.example": environmentExample,
};

const check = process.argv.includes("--check");
let stale = false;
for (const [path, make] of Object.entries(files)) {
  const text = make();
  const current = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (current === text) continue;
  if (check) {
    console.error(`${path} is out of date: run npm run gen`);
    stale = true;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}
process.exit(stale ? 1 : 0);
