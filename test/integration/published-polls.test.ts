/**
 * Published polls while memcached has forgotten them and MySQL does not answer: a real memcached, and a MySQL whose
 * silence is made here, so that it can be counted who waits for it.
 */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { listedKey, publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId, PollKey, Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import type { Store } from "#lib/store/database.ts";
import { StoreFailure } from "#lib/store/failure.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

const { port } = await testMemcached();
const client = testClient(port);
const placement = new Placement([client], 1);
const log = createLog("test", "silent");
const slug = "birds" as Slug;

/** A MySQL that gets every query and answers none until it is given up. */
class SilentMysql {
  queries = 0;
  readonly #waiting: ((failure: StoreFailure) => void)[] = [];

  rows(): Promise<never> {
    this.queries += 1;
    return new Promise((_, reject) => this.#waiting.push(reject));
  }

  giveUp(): void {
    const failure = new StoreFailure("unavailable", "no answer", undefined, undefined);
    for (const reject of this.#waiting.splice(0)) reject(failure);
  }
}

function newFront() {
  const mysql = new SilentMysql();
  const store = mysql as unknown as Store;
  const breaker = new StoreBreaker(store, log);
  return { mysql, published: new PublishedPolls(placement, store, log, breaker) };
}

const pollOf = (version: number) =>
  ({
    id: 7 as PollId,
    key: "7" as PollKey,
    slug,
    version,
    question: `Version ${version}?`,
  }) as Poll;

/** memcached loses everything, and the front learns that its copies may be old. */
async function forget(...fronts: PublishedPolls[]) {
  const pipeline = new Pipeline();
  for (const key of [publishedKey(slug), listedKey]) pipeline.delete(key);
  await client.send(pipeline);
  const other = new PublishedPolls(placement, {} as Store, log);
  await other.publish({ ...pollOf(1), slug: "others" as Slug });
  for (const front of fronts) await front.confirm();
}

async function inMemcached(): Promise<{ version: number; putBack?: boolean } | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(publishedKey(slug));
  const bytes = (await client.send(pipeline)).of(op);
  return bytes ? JSON.parse(bytes.toString()) : undefined;
}

/** A front that remembers this version, which memcached has forgotten. */
async function frontThatKnows(version: number) {
  const front = newFront();
  await front.published.publish(pollOf(version));
  await forget(front.published);
  return front;
}

describe("a poll that memcached has forgotten, while MySQL is silent", () => {
  beforeEach(() => forget());

  it("a known poll is used at once, however often its look-ups hang", async () => {
    const { mysql, published } = await frontThatKnows(3);
    // No look-up ends while this goes on: a caller that waited for one would wait for ever.
    for (let round = 0; round < 5; round++) {
      assert.equal((await published.find(slug))?.version, 3);
      await forget(published);
    }
    assert.ok(mysql.queries > 0, "MySQL was asked beside");
    mysql.giveUp();
  });

  it("a known poll starts no wait while the circuit breaker is open", async () => {
    const { mysql, published } = await frontThatKnows(3);
    await published.find(slug);
    mysql.giveUp();
    await new Promise(setImmediate);
    const asked = mysql.queries;
    await forget(published);
    assert.equal((await published.find(slug))?.version, 3);
    assert.ok(mysql.queries <= asked + 1, "one trial at most");
    mysql.giveUp();
  });

  it("a known poll goes back into memcached, and another front finds it there", async () => {
    const { mysql, published } = await frontThatKnows(3);
    await published.find(slug);
    const other = newFront();
    assert.equal((await other.published.find(slug))?.version, 3);
    assert.equal(other.mysql.queries, 0);
    mysql.giveUp();
  });

  it("an older copy that was put back never beats a newer one, in memcached or in a front", async () => {
    const [older, newer] = [await frontThatKnows(3), await frontThatKnows(4)];
    await older.published.find(slug);
    assert.equal((await inMemcached())?.version, 3);
    assert.equal((await newer.published.find(slug))?.version, 4);
    await waitUntil("the newer copy is put back", async () => (await inMemcached())?.version === 4);
    await older.published.confirm();
    await forgetOnly(older.published);
    assert.equal((await older.published.find(slug))?.version, 4);
    for (const { mysql } of [older, newer]) mysql.giveUp();
  });

  it("a copy that an editor's save wrote is not replaced by one that is put back", async () => {
    const front = await frontThatKnows(5);
    await new PublishedPolls(placement, {} as Store, log).publish(pollOf(4));
    await front.published.confirm();
    assert.equal((await front.published.find(slug))?.version, 4);
    assert.deepEqual(await inMemcached(), pollOf(4));
  });

  it("a save replaces the copy that was put back", async () => {
    const { mysql, published } = await frontThatKnows(3);
    await published.find(slug);
    assert.equal((await inMemcached())?.putBack, true);
    assert.equal(await published.isBehind(pollOf(3)), true, "the worker confirms it");
    await published.publish(pollOf(3));
    assert.deepEqual(await inMemcached(), pollOf(3));
    mysql.giveUp();
  });

  it("an unknown poll fails with MySQL's failure and does not hang", async () => {
    const { mysql, published } = newFront();
    const found = published.find("never-seen" as Slug);
    while (mysql.queries === 0) await new Promise(setImmediate);
    mysql.giveUp();
    await assert.rejects(found, { kind: "unavailable" });
    await assert.rejects(published.find("never-seen" as Slug), { kind: "unavailable" });
    assert.ok(mysql.queries <= 2);
  });
});

/** The front learns that its copies may be old; memcached keeps what it has. */
async function forgetOnly(front: PublishedPolls) {
  await new PublishedPolls(placement, {} as Store, log).publish({
    ...pollOf(1),
    slug: "others" as Slug,
  });
  await front.confirm();
}
