import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, loadConfig } from "./config.ts";

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
  it("has safe defaults for all but three settings", () => {
    const config = loadConfig(good);
    assert.equal(config.HOST, "127.0.0.1");
    assert.equal(config.publicUrl, "http://localhost:3000");
    assert.deepEqual(config.queueServers, config.MEMCACHED_SERVERS);
    assert.deepEqual(config.MEMCACHED_SERVERS[1], { host: "cache.example", port: 11212 });
  });

  it("names everything that is missing, at once", () => {
    const problems = problemsOf({ NODE_ENV: "test" });
    for (const name of ["DATABASE_URL", "MEMCACHED_SERVERS", "FLOODGATE_SECRET"]) {
      assert.ok(problems.includes(`${name} is not set`), name);
    }
  });

  it("tells what is missing from what is wrong", () => {
    const { FLOODGATE_SECRET: _, ...rest } = good;
    assert.deepEqual(errorOf({ ...rest, PORT: "http" })?.missing, ["FLOODGATE_SECRET"]);
    assert.deepEqual(errorOf({ ...good, PORT: "http" })?.missing, []);
  });

  const bad: readonly [string, string][] = [
    ["PORT", "http"],
    ["PORT", "70000"],
    ["MEMCACHED_SERVERS", "localhost"],
    ["DATABASE_URL", "postgres://localhost/x"],
    ["FLOODGATE_SECRET", "short"],
    ["PUBLIC_URL", "https://example.org/polls"],
    ["FLOODGATE_TIME_ZONE", "Europe/Atlantis"],
    ["FLUSH_INTERVAL", "-1"],
  ];
  for (const [name, value] of bad) {
    it(`refuses ${name}=${value}, by name`, () => {
      const problems = problemsOf({ ...good, [name]: value });
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(`${name} `));
    });
  }

  it("refuses a setting of ours that it does not know: most likely a typo", () => {
    assert.match(problemsOf({ ...good, FLOODGATE_SECRETS: "x" }).join(), /FLOODGATE_SECRETS/);
  });

  it("asks for a token when the worker's pages are to be seen from elsewhere", () => {
    const wide = { ...good, WORKER_HOST: "0.0.0.0" };
    assert.match(problemsOf(wide).join(), /^FLOODGATE_WORKER_TOKEN must be set/);
    assert.deepEqual(problemsOf({ ...wide, FLOODGATE_WORKER_TOKEN: "0123456789abcdef" }), []);
    assert.deepEqual(problemsOf({ ...good, WORKER_HOST: "::1" }), []);
  });

  it("never repeats a secret", () => {
    const problems = problemsOf({ ...good, FLOODGATE_SECRET: "hunter2" }).join();
    assert.ok(!problems.includes("hunter2"));
  });
});
