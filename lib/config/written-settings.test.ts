/**
 * Settings as people write them: each text either works, with the effect that stands beside it, or stops the start with
 * one line that names the setting and says what to do.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, ConfigError, loadConfig } from "./config.ts";

const secret = "0123456789abcdef0123456789abcdef";
const password = "hunter2x";
const good = {
  NODE_ENV: "test" as const,
  DATABASE_URL: `mysql://user:${password}@127.0.0.1:3306/floodgate`,
  MEMCACHED_SERVERS: "127.0.0.1:11211",
  FLOODGATE_SECRET: secret,
};

type Outcome = { readonly config: Config } | { readonly problems: readonly string[] };

function outcomeOf(name: string, text: string): Outcome {
  try {
    return { config: loadConfig({ ...good, [name]: text }) };
  } catch (error) {
    assert.ok(error instanceof ConfigError, `no stack trace for ${name}=${text}: ${error}`);
    return { problems: error.problems };
  }
}

/** Settings by their texts, and what the program uses. */
type Works = readonly (readonly [text: string, effect: unknown])[];
/** Settings by their texts, and what the line says. */
type Stops = readonly (readonly [text: string, line: RegExp])[];

function check(name: string, effect: (config: Config) => unknown, works: Works, stops: Stops) {
  for (const [text, wanted] of works) {
    it(`${name}=${JSON.stringify(text)} works`, () => {
      const outcome = outcomeOf(name, text);
      assert.ok("config" in outcome, JSON.stringify(outcome));
      assert.deepEqual(effect(outcome.config), wanted);
    });
  }
  for (const [text, line] of stops) {
    it(`${name}=${JSON.stringify(text)} stops the start with one line`, () => {
      const outcome = outcomeOf(name, text);
      assert.ok("problems" in outcome, "it was accepted");
      assert.equal(outcome.problems.length, 1, outcome.problems.join("; "));
      const [problem = ""] = outcome.problems;
      assert.match(problem, new RegExp(`^${name} must `));
      assert.match(problem, line);
      assert.doesNotMatch(problem, /\n/);
      assert.ok(!problem.includes(password), problem);
    });
  }
}

describe("the public address", () => {
  check(
    "PUBLIC_URL",
    ({ publicUrl }) => publicUrl,
    [
      ["https://polls.example/", "https://polls.example"],
      ["HTTPS://Polls.Example:443", "https://polls.example"],
      ["http://localhost:8080", "http://localhost:8080"],
      ["http://[::1]:8080", "http://[::1]:8080"],
      ["https://zeitüng.example", "https://xn--zeitng-6ya.example"],
      ['"https://polls.example"\n', "https://polls.example"],
      ["\uFEFFhttps://polls.example", "https://polls.example"],
    ],
    [
      ["", /begins with https:\/\//],
      ["polls.example", /begins with https:\/\//],
      ["https:polls.example", /begins with https:\/\//],
      ["ftp://polls.example", /begins with https:\/\//],
      ["https://", /like https:\/\/polls\.example/],
      ["https://polls.example:99999", /a port from 1 to 65535/],
      ["https://polls.example:0", /a port from 1 to 65535/],
      ["https://a.example,b.example", /like https:\/\/polls\.example/],
      ["https://*.polls.example", /like https:\/\/polls\.example/],
      ["https://polls. example", /like https:\/\/polls\.example/],
      ["https://polls.example/polls", /without a path/],
      ["https://polls.example?a=b", /without a path, a query/],
      ["https://polls.example/#x", /without a path, a query or a #/],
      [`https://editor:${password}@polls.example`, /without user name and password/],
    ],
  );
});

describe("lists of servers", () => {
  check(
    "MEMCACHED_SERVERS",
    ({ memcachedServers }) => memcachedServers.map(({ host, port }) => `${host} ${port}`),
    [
      ["a:1,b:2", ["a 1", "b 2"]],
      [" 'a:1 , b:2' ", ["a 1", "b 2"]],
      ["[::1]:11211", ["::1 11211"]],
      ["[fd00::5]:1,[fd00::6]:1", ["fd00::5 1", "fd00::6 1"]],
    ],
    [
      ["", /host:port, separated by commas; it is empty/],
      ["a:1,", /server 2 is empty/],
      ["a", /no port/],
      ["a:", /no port/],
      ["::1", /no port \(IPv6 addresses stand in brackets\)/],
      ["::1:11211", /brackets|no valid host/],
      ["[a]:1", /no valid host/],
      [":11211", /no valid host/],
      ["a:0", /a port that is not 1 to 65535/],
      ["a:1,b:65536", /server 2 has a port that is not/],
      ["memcached://a:1", /a scheme: take it out/],
      [`user:${password}@a:1`, /a user name/],
      ["/run/memcached.sock", /unix sockets are not supported/],
      ["a:1 b:2", /no valid host/],
      ["a:1;b:2", /no valid host/],
      ["a:1,b:2,a:1", /each server once/],
      ["A:1,a:1", /each server once/],
      ["localhost:1,127.0.0.1:1", /each server once/],
    ],
  );
  check(
    "FLOODGATE_KICKSTART_TO",
    ({ kickstartTo }) => kickstartTo,
    [["worker:3001", [{ host: "worker", port: 3001 }]]],
    [["[::1]:3001", /an IPv4 address or a host name/]],
  );
});

describe("networks and sites", () => {
  check(
    "FLOODGATE_TRUSTED_PROXIES",
    ({ trustedProxies }) => trustedProxies,
    [
      ["", []],
      ["10.0.0.5, 10.1.0.0/16,fd00::/8", ["10.0.0.5", "10.1.0.0/16", "fd00::/8"]],
      ['"10.0.0.0/8"', ["10.0.0.0/8"]],
    ],
    [
      ["10.0.0.0/33", /networks/],
      ["10.0.0.0/", /networks/],
      ["10.0.0.0/8/8", /networks/],
      ["10.0.0.0/-1", /networks/],
      ["fd00::/129", /networks/],
      ["nginx", /IP addresses/],
      ["*", /IP addresses/],
      ["10.0.0.5:443", /IP addresses/],
      ["https://10.0.0.5", /IP addresses/],
    ],
  );
  check(
    "FLOODGATE_EMBED_SITES",
    ({ embedSites }) => embedSites,
    [
      [
        "https://News.example/,https://*.b.example",
        ["https://news.example", "https://*.b.example"],
      ],
      ["https://zeitüng.example", ["https://xn--zeitng-6ya.example"]],
    ],
    [
      ["news.example", /origins, like/],
      ["*", /origins, like/],
      ["https://*", /origins, like/],
      ["'self'", /origins, like/],
      ["https://news.example/blog", /origins, like/],
      ["https://news.example:99999", /origins, like/],
      ["https://a.example https://b.example", /origins, like/],
    ],
  );
});

describe("hosts, ports, durations, names and time zones", () => {
  const host = /an IP address or a host name/;
  check(
    "HOST",
    config => config.host,
    [
      ["0.0.0.0", "0.0.0.0"],
      ["[::]", "::"],
      ["localhost", "localhost"],
    ],
    [
      ["http://0.0.0.0", host],
      ["0.0.0.0:3000", host],
      ["*", host],
      ["1.2.3", host],
      ["", host],
    ],
  );
  check(
    "PORT",
    ({ port }) => port,
    [
      [" 8080\n", 8080],
      ['"8080"', 8080],
    ],
    ["0", "65536", "", "80.0", "0x50", "8 080", ":8080"].map(
      text => [text, /a whole number from 1 to 65535/] as const,
    ),
  );
  check(
    "FLOODGATE_FLUSH_INTERVAL_MS",
    ({ flushIntervalMs }) => flushIntervalMs,
    [["'500'", 500]],
    ["1s", "1e3", "500ms", "-500", "500.5"].map(
      text => [text, /a whole number from 10 to 60000/] as const,
    ),
  );
  check(
    "FLOODGATE_TIME_ZONE",
    ({ timeZone }) => timeZone,
    [["Europe/Stockholm\r", "Europe/Stockholm"]],
    ["", "+02:00", "UTC+2", "Stockholm", "CEST"].map(text => [text, /an IANA time zone/] as const),
  );
  check(
    "FLOODGATE_LANGUAGE",
    ({ language }) => language,
    [['"sv"', "sv"]],
    ["Swedish", "sv-SE", ""].map(text => [text, /one of/] as const),
  );
  check(
    "FLOODGATE_SITE_NAME",
    ({ siteName }) => siteName,
    [
      ['"Harbour News"', "Harbour News"],
      ['The "Daily"', 'The "Daily"'],
      ['"', '"'],
      ["Cafe\u0301", "Caf\u00e9"],
    ],
    [
      ['""', /must not be empty/],
      ["\u200b", /one visible character/],
      ["a\u202eb", /text direction/],
      ["x".repeat(61), /at most 60 characters/],
    ],
  );
  check(
    "FLOODGATE_WORKER_TOKEN",
    ({ workerToken }) => workerToken,
    [['"0123456789abcdef"', '"0123456789abcdef"']],
    [["0123456789abcdef\n", /white space/]],
  );
});
