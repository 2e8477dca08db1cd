import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, loadConfig } from "./config.ts";
import { settingDocs } from "./settings.ts";

const good = {
  NODE_ENV: "test" as const,
  DATABASE_URL: "mysql://user:password@127.0.0.1:3306/floodgate",
  MEMCACHED_SERVERS: "127.0.0.1:11211, cache.example:11212",
  FLOODGATE_SECRET: "x".repeat(32),
};

function errorOf(env: NodeJS.ProcessEnv): ConfigError | undefined {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return undefined;
}

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => errorOf(env)?.problems ?? [];

describe("configuration", () => {
  it("configuration has safe defaults for all but three settings", () => {
    const config = loadConfig(good);
    assert.equal(config.host, "127.0.0.1");
    assert.equal(config.publicUrl, "http://localhost:3000");
    assert.deepEqual(config.queueServers, config.memcachedServers);
    assert.deepEqual(config.memcachedServers[1], { host: "cache.example", port: 11212 });
  });

  it("configuration takes previous secrets separated by commas, or as a JSON list when one has a comma", () => {
    const [a, b] = ["y".repeat(32), `${"z".repeat(32)}, and more`];
    const read = (text: string) =>
      loadConfig({ ...good, FLOODGATE_PREVIOUS_SECRETS: text }).previousSecrets;
    assert.deepEqual(read(`${a}, ${"w".repeat(32)}`), [a, "w".repeat(32)]);
    assert.deepEqual(read(JSON.stringify([a, b])), [a, b]);
    assert.deepEqual(read(""), []);
  });

  it("configuration has one camel-case name for each setting", () => {
    const wrong = Object.keys(loadConfig(good)).filter(name => !/^[a-z][A-Za-z]*$/.test(name));
    assert.deepEqual(wrong, []);
  });

  it("configuration names every missing setting at once", () => {
    const problems = problemsOf({ NODE_ENV: "test" });
    for (const name of ["DATABASE_URL", "MEMCACHED_SERVERS", "FLOODGATE_SECRET"]) {
      assert.ok(problems.includes(`${name} is not set`), name);
    }
  });

  it("configuration lists missing settings apart from wrong ones", () => {
    const { FLOODGATE_SECRET: _, ...rest } = good;
    assert.deepEqual(errorOf({ ...rest, PORT: "http" })?.missing, ["FLOODGATE_SECRET"]);
    assert.deepEqual(errorOf({ ...good, PORT: "http" })?.missing, []);
  });

  const bad: readonly [string, string][] = [
    ["PORT", "http"],
    ["PORT", "70000"],
    ["MEMCACHED_SERVERS", "localhost"],
    ["MEMCACHED_SERVERS", "localhost,otherhost"],
    ["DATABASE_URL", "postgres://localhost/x"],
    ["FLOODGATE_SECRET", "short"],
    ["FLOODGATE_PREVIOUS_SECRETS", `${"y".repeat(32)},short`],
    ["FLOODGATE_PREVIOUS_SECRETS", `${"y".repeat(32)},${"y".repeat(32)}`],
    ["FLOODGATE_PREVIOUS_SECRETS", "x".repeat(32)],
    ["FLOODGATE_PREVIOUS_SECRETS", `["${"y".repeat(32)}"`],
    ["PUBLIC_URL", "https://example.org/polls"],
    ["FLOODGATE_TIME_ZONE", "Europe/Atlantis"],
    ["FLOODGATE_FLUSH_INTERVAL_MS", "-1"],
    ["FLOODGATE_FLUSH_INTERVAL_MS", "5"],
    ["FLOODGATE_LANGUAGE", "tlh"],
    ["FLOODGATE_SITE_NAME", ""],
    ["FLOODGATE_STATE_DIR", ""],
    ["HOST", ""],
  ];
  for (const [name, value] of bad) {
    it(`configuration refuses ${name}=${value} and says what it must be`, () => {
      const problems = problemsOf({ ...good, [name]: value });
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(`${name} must `), problems[0]);
    });
  }

  it("the configuration requires a token when the worker's pages are not on loopback", () => {
    const wide = { ...good, FLOODGATE_WORKER_HOST: "0.0.0.0" };
    assert.match(problemsOf(wide).join(), /^FLOODGATE_WORKER_TOKEN must be set/);
    assert.deepEqual(problemsOf({ ...wide, FLOODGATE_WORKER_TOKEN: "0123456789abcdef" }), []);
    assert.deepEqual(problemsOf({ ...good, FLOODGATE_WORKER_HOST: "::1" }), []);
  });

  it("configuration never repeats a secret in an error", () => {
    const problems = problemsOf({ ...good, FLOODGATE_SECRET: "hunter2" }).join();
    assert.ok(!problems.includes("hunter2"));
  });
});

describe("misspelt settings", () => {
  const misspelt: readonly [string, string][] = [
    ["FLOODGATE_SECRETS", "FLOODGATE_SECRET"],
    ["FLOODGATE_QUEUE_COPYS", "FLOODGATE_QUEUE_COPIES"],
    ["FLOODGATE_PORT", "PORT"],
    ["FLODGATE_QUEUE_COPIES", "FLOODGATE_QUEUE_COPIES"],
    ["QUEUE_COPYS", "FLOODGATE_QUEUE_COPIES"],
    ["QUEUE_COPIES", "FLOODGATE_QUEUE_COPIES"],
    ["QUEUE_SERVER", "FLOODGATE_QUEUE_SERVERS"],
    ["FLUSH_INTERVAL", "FLOODGATE_FLUSH_INTERVAL_MS"],
    ["WORKER_PORT", "FLOODGATE_WORKER_PORT"],
    ["FRONT_PROCESES", "FLOODGATE_FRONT_PROCESSES"],
    ["KICKSTART_TOO", "FLOODGATE_KICKSTART_TO"],
    ["PUBLIC_URI", "PUBLIC_URL"],
    ["public_url", "PUBLIC_URL"],
  ];
  for (const [name, setting] of misspelt) {
    it(`${name} is refused and ${setting} suggested`, () => {
      assert.deepEqual(problemsOf({ ...good, [name]: "2" }), [
        `${name} is not a setting; did you mean ${setting}?`,
      ]);
    });
  }

  it("a name of ours that is like no setting is refused, too", () => {
    const problems = problemsOf({ ...good, FLOODGATE_COLOUR: "red" });
    assert.deepEqual(problems, ["FLOODGATE_COLOUR is not a setting; see docs/configuration.md"]);
  });

  it("a misspelt required setting is reported beside the missing one", () => {
    const { DATABASE_URL, MEMCACHED_SERVERS, ...rest } = good;
    const problems = problemsOf({
      ...rest,
      DATABASE_URI: DATABASE_URL,
      MEMCACHED_SERVER: MEMCACHED_SERVERS,
    });
    assert.deepEqual(problems, [
      "DATABASE_URL is not set",
      "MEMCACHED_SERVERS is not set",
      "DATABASE_URI is not a setting; did you mean DATABASE_URL?",
      "MEMCACHED_SERVER is not a setting; did you mean MEMCACHED_SERVERS?",
    ]);
  });

  const foreign: Readonly<Record<string, string>> = {
    DATABASE_HOST: "db",
    DATABASE_PUBLIC_URL: "mysql://u:p@proxy:1/d",
    DATABASE_URI: "mysql://u:p@other:1/d",
    FLOODGATE_PORT: "tcp://10.0.0.1:3000",
    FLOODGATE_PORT_3000_TCP_ADDR: "10.0.0.1",
    FLOODGATE_SERVICE_HOST: "10.0.0.1",
    FRONT_URL: "https://front.example",
    MEMCACHED_PORT: "tcp://10.0.0.2:11211",
    MEMCACHED_SERVICE_PORT_MEMCACHE: "11211",
    PUBLIC_KEY: "ssh-ed25519 x",
    PUBLIC_SITE_URL: "https://other.example",
    QUEUE_CONNECTION: "redis",
    QUEUE_DRIVER: "sync",
    WORKER_CONNECTIONS: "1024",
    WORKER_POOL: "prefork",
    WORKER_PORT: "tcp://10.0.0.3:3001",
  };
  for (const [name, value] of Object.entries(foreign)) {
    it(`${name}=${value} of another program is ignored`, () => {
      assert.deepEqual(problemsOf({ ...good, [name]: value }), []);
    });
  }
});

describe("the documentation of settings", () => {
  it("a setting whose value has a unit says so in its name", () => {
    const units: Readonly<Record<string, RegExp>> = {
      milliseconds: /_MS$/,
      bytes: /_BYTES$/,
      percent: /_PERCENT$/,
      "ballots a second": /_BALLOTS_PER_SECOND$/,
    };
    for (const { name, unit } of settingDocs()) {
      if (unit !== undefined) assert.match(name, units[unit] ?? /^$/, name);
    }
  });

  it("every setting has our prefix or a name that hosts know", () => {
    const hosts = ["PORT", "HOST", "PUBLIC_URL", "DATABASE_URL", "MEMCACHED_SERVERS"];
    const others = settingDocs().filter(({ name }) => !name.startsWith("FLOODGATE_"));
    assert.deepEqual(others.map(({ name }) => name).sort(), hosts.sort());
  });
});
