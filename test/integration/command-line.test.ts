/** The command line of every program: help, and one line without a stack trace for each mistake. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { freePort } from "#scripts/services/ports.ts";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const commands = [
  "flush",
  "recount",
  "dead-letters",
  "draw",
  "doctor",
  "backup",
  "migrate",
  "seed",
];
/** Commands of commands, with the arguments that they need before they read the settings. */
const nested: Readonly<Record<string, readonly string[]>> = {
  "editor add": ["jane@newsroom.example"],
  "editor list": [],
  "editor reset": ["jane@newsroom.example"],
  "editor remove": ["jane@newsroom.example"],
  "token add": ["jane@newsroom.example", "--name", "x"],
  "token list": [],
  "token remove": ["1"],
};
const source = (file: string) => ["--import", "tsx", file];
const programs: Readonly<Record<string, readonly string[]>> = {
  floodgate: ["dist/cli.mjs"],
  ...Object.fromEntries(commands.map(name => [`floodgate ${name}`, ["dist/cli.mjs", name]])),
  ...Object.fromEntries(
    Object.keys(nested).map(name => [`floodgate ${name}`, ["dist/cli.mjs", ...name.split(" ")]]),
  ),
  front: ["dist/front.mjs"],
  worker: ["dist/worker.mjs"],
  up: source("scripts/up/bring-up.ts"),
  loadtest: source("scripts/loadtest.ts"),
  bench: source("bench/run.ts"),
};
const others: Readonly<Record<string, readonly string[]>> = {
  "next start": ["node_modules/next/dist/bin/next", "start"],
};
/** Options that a command needs before it reads the settings. */
const needed: Readonly<Record<string, readonly string[]>> = {
  "floodgate draw": ["--poll", "x", "--count", "1", "--seed", "x"],
  ...Object.fromEntries(Object.entries(nested).map(([name, args]) => [`floodgate ${name}`, args])),
};
/** The doctor reports wrong settings as findings; the others read none, or none before they start their own. */
const readSettings = Object.keys(programs).filter(
  name => !["floodgate", "floodgate doctor", "loadtest", "bench"].includes(name),
);

const directory = mkdtempSync(join(tmpdir(), "floodgate-command-line-"));
after(() => rmSync(directory, { recursive: true }));

const settings = {
  DATABASE_URL: "mysql://floodgate:floodgate@127.0.0.1:1/floodgate",
  MEMCACHED_SERVERS: "127.0.0.1:1",
  FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
  FLOODGATE_DATA_DIR: directory,
  FLOODGATE_FRONT_PROCESSES: "1",
};

/** Runs a program; `undefined` takes a setting away. */
function run(
  name: string,
  args: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Ended> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [...(programs[name] ?? others[name] ?? []), ...args],
      { env: { ...process.env, ...settings, ...env }, timeout: 30_000 },
      (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

function assertOneLine(name: string, { status, stdout, stderr }: Ended, expected: number): void {
  assert.equal(stdout, "", "nothing on standard output");
  assert.match(stderr, /^[^\n]+\n$/, "one line on standard error");
  assert.ok(stderr.startsWith(`${name}: `), stderr);
  assert.doesNotMatch(stderr, / {4}at /, "no stack trace");
  assert.equal(status, expected, stderr);
}

describe("every program", { concurrency: 2 }, () => {
  for (const name of Object.keys(programs)) {
    it(`${name} --help says what it does, its options, exit statuses and an example`, async () => {
      const { status, stdout, stderr } = await run(name, ["--help"]);
      assert.equal(status, 0, stderr);
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^Usage: ${name} `));
      assert.match(stdout, /^Options:$/m);
      if (name === "floodgate") return;
      assert.match(stdout, /^Exit status:\n {2}0 /m);
      assert.match(stdout, /^Examples?:\n {2}\S/m);
    });

    it(`${name} refuses an unknown option with one line and status 64`, async () => {
      const ended = await run(name, [...(needed[name] ?? []), "--no-such-option"]);
      assertOneLine(name, ended, 64);
      assert.match(ended.stderr, /unknown option '--no-such-option' \(see .+ --help\)/);
    });
  }

  for (const name of readSettings) {
    it(`${name} refuses wrong settings with one line and status 78`, async () => {
      const ended = await run(name, needed[name] ?? [], {
        FLOODGATE_QUEUE_COPIES: "many",
        PORT: "http",
      });
      assertOneLine(name, ended, 78);
      assert.match(ended.stderr, /: wrong settings: .*PORT .*; .*FLOODGATE_QUEUE_COPIES must be/);
    });
  }
});

describe("settings that are not understood", { concurrency: 2 }, () => {
  const secret = "hunter2x";
  const wrong = {
    DATABASE_URL: `mysql://floodgate:${secret}@127.0.0.1:1/floodgate?ssl-mode=PREFERRED`,
    PUBLIC_URL: "polls.example",
  };
  for (const name of readSettings.filter(each => each !== "up")) {
    it(`${name} names them in one line, and says no password`, async () => {
      const ended = await run(name, needed[name] ?? [], wrong);
      assertOneLine(name, ended, 78);
      assert.match(ended.stderr, /DATABASE_URL must .*; PUBLIC_URL must be an address that/);
      assert.ok(!ended.stderr.includes(secret), ended.stderr);
    });
  }

  it("next start names them in one line and stops with status 78", async () => {
    const port = String(await freePort());
    const { status, stderr } = await run("next start", ["-p", port, "-H", "127.0.0.1"], {
      ...wrong,
      NODE_ENV: "production",
    });
    assert.match(stderr, /^next: wrong settings: DATABASE_URL must .*; PUBLIC_URL must .*\n$/);
    assert.ok(!stderr.includes(secret), stderr);
    assert.equal(status, 78, stderr);
  });

  it("loadtest refuses a wrong address of the site and of its database with one line", async () => {
    const site = ["--url", "http://127.0.0.1:1", "--token", "x"];
    const database = await run("loadtest", [...site, "--database", wrong.DATABASE_URL]);
    assertOneLine("loadtest", database, 64);
    assert.match(database.stderr, /must say whether connections are encrypted/);
    assertOneLine("loadtest", await run("loadtest", site, wrong), 78);
    const port = await run("loadtest", ["--url", "http://127.0.0.1:99999", "--token", "x"]);
    assertOneLine("loadtest", port, 64);
  });
});

describe("floodgate", { concurrency: 2 }, () => {
  it("floodgate lists all commands in its help", async () => {
    const { stdout } = await run("floodgate", ["--help"]);
    for (const name of [...commands, "editor", "token"])
      assert.match(stdout, new RegExp(`^ {2}${name} `, "m"));
  });

  it("floodgate refuses an unknown command, and no command, with one line and status 64", async () => {
    const unknown = await run("floodgate", ["flash"]);
    assertOneLine("floodgate", unknown, 64);
    assert.match(unknown.stderr, /unknown command 'flash' \(Did you mean flush\?\)/);
    assertOneLine("floodgate", await run("floodgate", []), 64);
  });

  it("floodgate refuses values and combinations that make no sense with one line and status 64", async () => {
    const mistakes = {
      "floodgate draw": ["--poll", "x", "--seed", "x", "--count", "0"],
      "floodgate dead-letters": ["--redrive", "1", "--dismiss", "1"],
      "floodgate recount": ["some-slug"],
    };
    for (const [name, args] of Object.entries(mistakes)) {
      assertOneLine(name, await run(name, args), 64);
    }
  });

  it("floodgate says in one line, with status 1, that MySQL cannot be reached", async () => {
    for (const name of ["floodgate migrate", "floodgate recount", "floodgate seed"]) {
      const ended = await run(name, []);
      assertOneLine(name, ended, 1);
      assert.match(ended.stderr, /ECONNREFUSED/);
    }
  });

  it("floodgate says in one line, with status 78, that up.json is damaged", async () => {
    const none = { DATABASE_URL: undefined, MEMCACHED_SERVERS: undefined };
    writeFileSync(join(directory, "up.json"), "{");
    try {
      assertOneLine("floodgate recount", await run("floodgate recount", [], none), 78);
    } finally {
      rmSync(join(directory, "up.json"));
    }
  });
});

describe("other mistakes", { concurrency: 2 }, () => {
  it("front and worker say in one line that a file of lane rules or a proxy is wrong", async () => {
    for (const name of ["front", "worker"]) {
      const ended = await run(name, [], { FLOODGATE_LANES_FILE: join(directory, "none.json") });
      assertOneLine(name, ended, 78);
    }
    for (const processes of ["1", "2"]) {
      const proxy = { FLOODGATE_TRUSTED_PROXIES: "a proxy", FLOODGATE_FRONT_PROCESSES: processes };
      assertOneLine("front", await run("front", [], proxy), 78);
    }
  });

  it("front says in one line, with status 78, that its state folder can't be made", async () => {
    const file = join(directory, "state");
    writeFileSync(file, "");
    for (const processes of ["1", "2"]) {
      const ended = await run("front", [], {
        FLOODGATE_STATE_DIR: join(file, "below"),
        FLOODGATE_FRONT_PROCESSES: processes,
      });
      assertOneLine("front", ended, 78);
      assert.match(ended.stderr, /FLOODGATE_STATE_DIR is not a folder to write to: ENOTDIR/);
    }
  });

  it("up says in one line, with status 78, that its folder is a file", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    assertOneLine("up", await run("up", [], { FLOODGATE_DATA_DIR: file }), 78);
  });

  it("loadtest says in one line that it has no site, a wrong address, or no answer", async () => {
    assertOneLine("loadtest", await run("loadtest", []), 64);
    assertOneLine("loadtest", await run("loadtest", ["--url", "nowhere"]), 64);
    const unreachable = ["--url", `http://127.0.0.1:${await freePort()}`, "--token", "x"];
    assertOneLine("loadtest", await run("loadtest", unreachable), 1);
  });

  it("bench refuses an unknown scenario with one line and status 64", async () => {
    assertOneLine("bench", await run("bench", ["no-such-scenario"]), 64);
  });
});
