/** What a worker costs that has nothing to do: counted, as in `costs.test.ts`, on a site that is idle. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { memcachedOperations } from "#test/support/memcached-stats.ts";
import { statementsDuring } from "#test/support/mysql-stats.ts";
import { Site } from "#test/support/site.ts";

/** > the half minute without an event after which a worker takes the site for idle. */
const untilIdleMs = 45 * SECOND;
const measuredMs = 30 * SECOND;

it("an idle worker reads a few memcached keys per second and queries MySQL hardly ever", async () => {
  const site = await Site.start({ fronts: 0 });
  try {
    const port = site.memcached[0]?.port ?? 0;
    const readCounters = async () => ({
      operations: await memcachedOperations(port),
      atMs: monotonicMs(),
    });
    await sleep(untilIdleMs);
    const before = await readCounters();
    const statements = await statementsDuring(site.database.adminUrl, () => sleep(measuredMs));
    const after = await readCounters();
    const seconds = (after.atMs - before.atMs) / SECOND;
    const operations = (after.operations - before.operations) / seconds;
    const queries = statements / (measuredMs / SECOND);
    // Some 30, and 4.
    assert.ok(operations <= 60, `${operations} operations a second`);
    assert.ok(queries <= 5, `${queries} queries a second`);
    site.assertUnharmed();
  } finally {
    await site.stop();
  }
});
