/** What should never happen, made to happen: a slot that is gone, books whose two sides differ. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import { deleteSlots, readQueues } from "#lib/queue/slots.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { books, createPoll, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

/** Lost ballots are known only after all queues have been quiescent for a while, twice. */
const slowly = { withinMs: 90_000 };

describe("books in disorder", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  const accept = async (slug: string, count: number) => {
    const cast = () => vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
    const answers = await Promise.all(Array.from({ length: count }, cast));
    for (const answer of answers) assert.equal(answer.status, 202);
  };

  /** Takes away every slot that waits. */
  async function deleteWaitingSlots(): Promise<void> {
    const client = testClient(site.memcached[0]?.port ?? 0);
    try {
      for (const { queue, epoch, pointer } of await readQueues(client, allQueueNames(1))) {
        const all = Array.from({ length: pointer }, (_, index) => index + 1);
        await deleteSlots(client, queue, epoch, all);
      }
    } finally {
      client.close();
    }
  }

  it("a missing slot is closed, and its ballots are lost in the books", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const slug = await createPoll(site);
    await accept(slug, 4);
    await site.drained();
    await worker.child.kill();
    await accept(slug, 7);
    await deleteWaitingSlots();
    // Slots behind the missing one are counted all the same.
    await accept(slug, 2);
    await site.restartWorker(worker);
    await waitUntil("the loss", async () => (await books(site, slug)).lost > 0, slowly);
    const { accepted, counted, waiting, lost, balanced } = await books(site, slug);
    assert.deepEqual(
      { accepted, counted, waiting, lost, balanced },
      { accepted: 13, counted: 6, waiting: 0, lost: 7, balanced: true },
    );
    assert.match(worker.child.output, /"event":"missing_slot_passed"/);
    assert.match(worker.child.output, /"event":"ballots_lost"/);
    assert.equal((await books(site)).lost, 7);
  });

  it("books that do not balance alarm in log, metrics and status until they do", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const slug = await createPoll(site);
    await accept(slug, 3);
    await site.drained();
    const ask = async (path: string) => await (await fetch(worker.url + path)).text();
    const shows = (balanced: boolean) =>
      waitUntil(
        `balanced: ${balanced}`,
        async () => JSON.parse(await ask("/status.json")).books?.balanced === balanced,
        slowly,
      );
    const alarms = () =>
      worker.child.output
        .split("\n")
        .filter(line => line.includes('"event":"books_do_not_balance"'));
    await shows(true);
    assert.match(await ask("/metrics"), /^floodgate_books_balanced 1$/m);
    assert.deepEqual(alarms(), []);

    const arrivals = "floodgate.acceptances JOIN floodgate.polls ON id = poll_id";
    const arrive = (sql: string) =>
      site.query(`UPDATE ${arrivals} SET arrived = arrived ${sql} WHERE slug = ?`, [slug]);
    await arrive("+ 1");
    assert.equal((await books(site, slug)).balanced, false);
    assert.equal((await books(site)).balanced, false, "of all polls together");
    await waitUntil("the alarm", () => alarms().length > 0, slowly);
    await shows(false);
    assert.match(await ask("/metrics"), /^floodgate_books_balanced 0$/m);
    assert.match(await ask("/"), /The books do not balance/);

    await arrive("- 1");
    await shows(true);
    assert.match(await ask("/metrics"), /^floodgate_books_balanced 1$/m);
  });
});
