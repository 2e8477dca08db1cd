/** The Next process by itself: it answers editors, and starts the voting part only when a vote reaches it. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { createPoll } from "#test/support/ledger.ts";
import { memcachedStat } from "#test/support/memcached-stats.ts";
import { Site } from "#test/support/site.ts";

/** The slowest of the voting loops asks memcached once a second. */
const quietMs = 2.5 * SECOND;
/** The site's time is measured every five seconds in this process, too: only some of these waits may contain that. */
const waits = 4;

describe("the Next process", () => {
  let site: Site;
  let slug: string;
  let socketPath: string;
  let child: ChildProcess;

  before(async () => {
    site = await Site.start({ workers: 0 });
    slug = await createPoll(site);
    // From here on nothing but the Next process talks to memcached.
    await site.fronts[0]?.child.stop();
    socketPath = join(site.directory, "next.sock");
    child = fork(join(site.programs, "pages.mjs"), [socketPath], {
      env: { ...process.env, ...site.env, NODE_ENV: "production" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await once(child, "message");
  });
  after(async () => {
    if (child?.connected) {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    }
    await site?.stop();
  });

  function ask(method: string, path: string, body?: string): Promise<number> {
    const headers = { Host: "polls.example", "Content-Type": "application/json" };
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, method, path, headers }, answer => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      });
      sent.once("error", reject);
      sent.end(body);
    });
  }

  /** Bytes that memcached was sent during `quietMs`, without what counting them costs. */
  async function bytesSentWhileIdle(): Promise<number> {
    const count = () => memcachedStat(site.memcached[0]?.port ?? 0, "bytes_read");
    const first = await count();
    const before = await count();
    await sleep(quietMs);
    return (await count()) - before - (before - first);
  }

  /** The fewest bytes that memcached was sent in one of several waits; a voting loop sends some in each. */
  async function fewestBytesSentWhileIdle(): Promise<number> {
    let fewest = Number.POSITIVE_INFINITY;
    for (let wait = 0; wait < waits && fewest > 0; wait += 1) {
      fewest = Math.min(fewest, await bytesSentWhileIdle());
    }
    return fewest;
  }

  it("the Next process runs no voting loop after it has answered pages, calls and HEAD requests", async () => {
    assert.equal(await ask("GET", "/studio/sign-in"), 200);
    assert.equal(await ask("GET", `/api/polls/${slug}`), 200);
    assert.equal(await ask("HEAD", `/p/${slug}`), 200);
    assert.equal(await fewestBytesSentWhileIdle(), 0);
  });

  it("the Next process takes a vote that reaches it, and runs the voting loops from then on", async () => {
    const ballot = JSON.stringify({ choices: ["1"], ballotId: randomUUID() });
    assert.equal(await ask("POST", `/api/polls/${slug}/votes`, ballot), 202);
    assert.ok((await fewestBytesSentWhileIdle()) > 0);
  });
});
