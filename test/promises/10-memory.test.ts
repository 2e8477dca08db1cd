/**
 * Memory pressure: with MySQL away the queue fills memcached. Lanes are refused one after the other before it is
 * full, a server that is full is an error that the front handles, and what was acknowledged is counted.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { readMemory } from "#lib/memcached/memory-stats.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { type Lane, lanes } from "#lib/model/lane.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, results, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

/** Fills a server with other things than slots, up to a share of its memory. */
async function fillTo(server: MemcachedClient, share: number): Promise<void> {
  for (let ballast = 0; ; ) {
    const { usedBytes, limitBytes } = await readMemory(server);
    if (usedBytes >= limitBytes * share) return;
    const p = new Pipeline();
    const added = Array.from({ length: 500 }, () =>
      p.add(`ballast:${share}:${ballast++}` as Key, Buffer.alloc(1_000), 0),
    );
    const replies = await server.send(p);
    const stored = added.every(op => replies.of(op) === "stored");
    assert.ok(stored, `full at ${usedBytes} bytes`);
  }
}

/** Fills a server with items of the sizes that slots have, as far as it goes, but for a few; gives their keys. */
async function crowd(server: MemcachedClient): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for (let size = 30; size < 8_000; size = Math.ceil(size * 1.2)) {
    const first = keys.length;
    for (let full = false; !full; ) {
      const p = new Pipeline();
      const ops = Array.from({ length: 50 }, () => {
        const key = `crowd:${keys.length}` as Key;
        keys.push(key);
        return p.add(key, Buffer.alloc(size), 0);
      });
      const replies = await server.send(p);
      full = ops.some(op => replies.of(op) === "full");
    }
    await remove(
      server,
      keys.slice(first).filter((_, index) => index % 20 === 0),
    );
  }
  return keys;
}

async function remove(server: MemcachedClient, keys: readonly Key[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 500) {
    const p = new Pipeline();
    for (const key of keys.slice(at, at + 500)) p.delete(key);
    await server.send(p);
  }
}

const clientOf = (site: Site) => testClient(site.memcached[0]?.port ?? 0);

const degradationLines = (site: Site): string[] =>
  (site.fronts[0]?.child.output ?? "")
    .split("\n")
    .filter(line => line.includes('"event":"degradation"'));

describe("while MySQL is away and memcached fills up", () => {
  let site: Site;
  let slug: string;
  let server: MemcachedClient;
  const folder = mkdtempSync(join(tmpdir(), "floodgate-memory-"));
  const acknowledged: Record<Lane, number> = { high: 0, normal: 0, low: 0 };

  before(async () => {
    const file = join(folder, "lanes.json");
    const rules = [{ lane: "low", cookie: "lane", contents: "low" }];
    writeFileSync(
      file,
      JSON.stringify({
        high_priority_cookie: "lane",
        high_priority_cookie_contents: "high",
        rules,
      }),
    );
    const env = { FLOODGATE_LANES_FILE: file, FLOODGATE_QUEUE_MEMORY_PERCENT: "20" };
    site = await Site.start({ memcached: [{ memoryMb: 64 }], env });
    slug = await createPoll(site);
    server = clientOf(site);
  });
  after(async () => {
    server?.close();
    await site?.stop();
    rmSync(folder, { recursive: true });
  });

  async function voteIn(lane: Lane): Promise<Response> {
    const answer = await vote(site.url, slug, { choices: ["1"] }, { Cookie: `lane=${lane}` });
    if (answer.status === 202) acknowledged[lane] += 1;
    return answer;
  }

  async function becomes(lane: Lane, status: number): Promise<void> {
    await waitUntil(`${lane}: ${status}`, async () => (await voteIn(lane)).status === status, {
      withinMs: 20_000,
    });
  }

  const ready = async () => {
    const answer = await fetch(`${site.url}/readyz`);
    const { step, lanesRefused } = (await answer.json()) as {
      step: string;
      lanesRefused: readonly Lane[];
    };
    return { status: answer.status, step, lanesRefused };
  };
  const page = async () => (await fetch(`${site.url}/p/${slug}`)).text();

  it("a memcached that fills up refuses the low lane first, then normal, then high", async () => {
    await site.database.child.kill();
    for (const lane of lanes) assert.equal((await voteIn(lane)).status, 202, lane);

    await fillTo(server, 0.25);
    await becomes("low", 503);
    const refused = await voteIn("low");
    assert.equal(refused.headers.get("content-type"), "application/problem+json");
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.equal(((await refused.json()) as { code: string }).code, "queue_full");
    for (const lane of ["high", "normal"] as const) assert.equal((await voteIn(lane)).status, 202);
    assert.deepEqual(await ready(), { status: 200, step: "shedding", lanesRefused: ["low"] });
    assert.match(await page(), /(Too many|Many) people are voting right now/);
    const worker = await (await fetch(`${site.workers[0]?.url}/status.json`)).json();
    const { step, lanesRefused, sentence } = worker as Record<string, unknown>;
    assert.deepEqual({ step, lanesRefused }, { step: "shedding", lanesRefused: ["low"] });
    assert.match(String(sentence), /votes of the low lane are refused/);

    await fillTo(server, 0.5);
    await becomes("normal", 503);
    assert.equal((await voteIn("high")).status, 202);
    assert.equal((await voteIn("low")).status, 503);
    assert.deepEqual((await ready()).lanesRefused, ["normal", "low"]);

    await fillTo(server, 0.76);
    await becomes("high", 503);
    const { status, ...rest } = await ready();
    assert.equal(status, 503);
    assert.deepEqual(rest, { step: "refusing", lanesRefused: ["high", "normal", "low"] });
    assert.match(await page(), /your choice is saved/i);
  });

  it("results stay available while memcached fills up, and each step is logged once", async () => {
    const accepted = acknowledged.high + acknowledged.normal + acknowledged.low;
    assert.equal((await results(site, slug)).ballots, accepted);
    for (const refused of ['["low"]', '["normal","low"]', '["high","normal","low"]']) {
      const logged = () =>
        degradationLines(site).filter(line => line.includes(`"lanesRefused":${refused}`));
      // A line may reach this process after the answer that followed it.
      await waitUntil(`a line about ${refused}`, async () => logged().length > 0);
      const times = logged();
      // Each process that logs a step logs it once.
      const processes = new Set(times.map(line => (JSON.parse(line) as { pid: number }).pid));
      assert.equal(times.length, processes.size, times.join("\n"));
    }
  });

  it("all lanes are accepted again when MySQL is back, and every acknowledged ballot is counted", async () => {
    await site.restartDatabase();
    for (const lane of lanes) await becomes(lane, 202);
    await site.drained();
    const accepted = acknowledged.high + acknowledged.normal + acknowledged.low;
    const [row] = await site.query("SELECT COUNT(*) AS n FROM ballots");
    assert.equal(row?.n, accepted);
    await waitUntil("tallies", async () => (await results(site, slug)).ballots === accepted, {
      withinMs: 20_000,
    });
    await waitUntil("nothing is refused", async () => (await ready()).step === "normal", {
      withinMs: 20_000,
    });
  });
});

describe("a server that is full", () => {
  const voters = 30_000;
  let site: Site;
  before(async () => {
    // The share is set so high that it is never reached: there is nothing but the server's own refusal.
    site = await Site.start({
      memcached: [{ memoryMb: 8 }],
      env: { FLOODGATE_QUEUE_MEMORY_PERCENT: "95" },
    });
  });
  after(() => site?.stop());

  it("a full queue server answers votes with 503, loses no acknowledged ballot and accepts retries later", async () => {
    const slug = await createPoll(site);
    const server = clientOf(site);
    const crowding = await crowd(server);
    await site.database.child.kill();
    const ledger = new Ledger(site, slug, voters);
    const front = site.fronts[0];
    let wasFull = false;
    const load = await ledger.run(64, async () => {
      const refusal = () => front?.child.output.includes('"because":"full"') ?? false;
      wasFull = await waitUntil("a refused slot", refusal, { withinMs: 90_000 }).then(
        () => true,
        () => false,
      );
      await site.restartDatabase();
      await remove(server, crowding);
    });
    server.close();
    assert.ok(wasFull, "vacuous: no slot was refused");
    assert.ok((load.statusCounts.get(503) ?? 0) > 0);
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
    await waitUntil(
      "balanced books",
      async () => {
        const status = await (await fetch(`${site.workers[0]?.url}/status.json`)).json();
        const { books } = status as { books: { balanced: boolean; lost: number } | null };
        return books?.balanced === true && books.lost === 0;
      },
      { withinMs: 30_000 },
    );
  });
});
