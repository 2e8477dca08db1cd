/** What the doctor makes of what a memcached server reports, without a server. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOlder } from "./clocks.ts";
import { lineOf, ok } from "./finding.ts";
import { judgeMemcached, type ServerFacts } from "./memcached.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);
const levels = (found: readonly { level: string }[]) => found.map(({ level }) => level);

describe("versions", () => {
  it("isOlder compares versions number by number", () => {
    for (const version of ["1.5.22", "1.4", "0.9"]) assert.ok(isOlder(version, "1.6"), version);
    for (const version of ["1.6", "1.6.0", "1.10.1", "2"]) assert.ok(!isOlder(version, "1.6"));
    assert.ok(isOlder("10.6.12-MariaDB-1", "10.11"));
    assert.ok(!isOlder("10.11.6-MariaDB-0+deb12u1", "10.11"));
  });
});

describe("findings about memcached", () => {
  const facts = (
    stats: Record<string, string> = {},
    settings: Record<string, string> = {},
    change: Partial<ServerFacts> = {},
  ): ServerFacts => ({
    name: "127.0.0.1:11211",
    stats: new Map(
      Object.entries({
        version: "1.6.18",
        time: String(now / 1_000),
        bytes: "1000",
        limit_maxbytes: String(512 * 1_048_576),
        ...stats,
      }),
    ),
    settings: new Map(
      Object.entries({
        evictions: "off",
        item_size_max: "1048576",
        idle_timeout: "60",
        flush_enabled: "no",
        maxconns: "1024",
        inter: "127.0.0.1",
        ...settings,
      }),
    ),
    items: new Map(),
    askedAtMs: now,
    answeredAtMs: now + 5,
    holdsQueues: true,
    connectionsNeeded: 6,
    ...change,
  });

  it("the doctor prints one ok line for a server that is well", () => {
    assert.deepEqual(judgeMemcached(facts()), [
      ok("memcached 127.0.0.1:11211", "1.6.18, -M, 0 of 512 MB used"),
    ]);
  });

  it("the doctor only warns about evictions on a server without queues", () => {
    const evicting = { evictions: "on" };
    assert.deepEqual(levels(judgeMemcached(facts({}, evicting))), ["wrong"]);
    const cache = facts({}, evicting, { holdsQueues: false });
    assert.deepEqual(levels(judgeMemcached(cache)), ["warn"]);
  });

  it("the doctor reports an old memcached, a wrong clock and a full server", () => {
    const output = (stats: Record<string, string>) =>
      judgeMemcached(facts(stats)).map(lineOf).join();
    assert.match(output({ version: "1.5.6" }), /wrong .*is version 1\.5\.6/);
    assert.match(output({ time: String(now / 1_000 + 60) }), /wrong .*60 s ahead/);
    const limit = 512 * 1_048_576;
    assert.match(output({ bytes: String(0.85 * limit) }), /warn .*85 % full/);
    assert.match(output({ bytes: String(0.97 * limit) }), /wrong .*97 % full/);
    assert.match(output({ rejected_connections: "3" }), /warn .*rejected 3/);
  });

  it("the doctor adds up refused items over all slab classes", () => {
    const items = new Map([
      ["items:1:outofmemory", "3"],
      ["items:1:evicted", "0"],
      ["items:12:outofmemory", "4"],
    ]);
    const output = judgeMemcached(facts({}, {}, { items }))
      .map(lineOf)
      .join();
    assert.match(output, /warn .*refused 7/);
  });

  it("the doctor warns about a memcached that others can reach without a password", () => {
    const reached = (settings: Record<string, string>) =>
      levels(judgeMemcached(facts({}, settings))).includes("warn");
    for (const inter of ["NULL", "0.0.0.0", "10.0.0.5", "127.0.0.1,10.0.0.5", "::"]) {
      assert.ok(reached({ inter }), inter);
    }
    for (const inter of ["127.0.0.1", "localhost", "::1", "127.0.0.1,::1"]) {
      assert.ok(!reached({ inter }), inter);
    }
    assert.ok(!reached({ inter: "NULL", auth_enabled_sasl: "yes" }));
  });
});
