/** Several programs publish the same poll: memcached has what MySQL has in the end, in whatever order they write. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { HOUR } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { loadConfig } from "#lib/config/config.ts";
import { earlierListedKey, type Key, listedKey, publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { changePoll, removePoll } from "#lib/polls/edit.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import type { Store } from "#lib/store/database.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { dutiesOf } from "../../worker/duties.ts";
import { buildWorker } from "../../worker/worker-parts.ts";

const { client, database, memcached, newPoll, store } = await startFlushBench();
const placement = new Placement([client], 1);
const log = createLog("test", "silent");
const published = new PublishedPolls(placement, store, log);
const editing = { store, tallies: placement, log, published };

/** MySQL that lets something happen right after it has answered a statement for the first time. */
function storeWith(statement: string, afterRead: () => Promise<unknown>): Store {
  let reads = 0;
  const rows = async (...call: Parameters<Store["rows"]>) => {
    const found = await store.rows(...call);
    if (call[0] === statement && reads++ === 0) await afterRead();
    return found;
  };
  return { rows, transaction: store.transaction.bind(store) } as unknown as Store;
}

/** A poll that opens later, so that everything can be changed. */
async function newSlug(): Promise<Slug> {
  const id = await newPoll();
  const later = new Date(Date.now() + HOUR);
  await store.write("test.later", "UPDATE polls SET opens_at = ? WHERE id = ?", [later, id]);
  const [row] = await store.rows("test.slug", "SELECT slug FROM polls WHERE id = ?", [id]);
  return row?.slug as Slug;
}

/** The question in memcached's copy; `null`: the note that there is no such poll. */
async function question(slug: Slug): Promise<string | null> {
  const pipeline = new Pipeline();
  const op = pipeline.get(publishedKey(slug));
  const copy = (await client.read(pipeline)).of(op)?.toString() ?? "{}";
  return copy === "-" ? null : (JSON.parse(copy) as Poll).question;
}

const edit = (slug: Slug, change: object, from: Store = store) =>
  changePoll({ ...editing, store: from }, slug, change, Date.now());

/** The polls of a list in memcached. */
async function slugsUnder(key: Key): Promise<string[]> {
  const pipeline = new Pipeline();
  const op = pipeline.get(key);
  const text = (await client.read(pipeline)).of(op)?.toString() ?? "[]";
  return (JSON.parse(text) as { slug: string }[]).map(({ slug }) => slug);
}

function newWorker() {
  const config = loadConfig({
    DATABASE_URL: database.url,
    MEMCACHED_SERVERS: memcached.address,
    FLOODGATE_SECRET: "a secret of the tests with 32 letters",
    NODE_ENV: "test",
  });
  const worker = buildWorker(config, log);
  after(() => worker.close());
  return worker;
}

describe("two editors change a poll at the same time", () => {
  it("the one who publishes last publishes the other's change as well", async () => {
    const slug = await newSlug();
    const other = () => edit(slug, { question: "Second?" });
    const poll = await edit(slug, { question: "First?" }, storeWith("polls.by_slug", other));
    assert.equal(await question(slug), "Second?");
    assert.equal(poll.question, "Second?");
  });

  it("a poll that the other one has given another slug is not published by its old one", async () => {
    const slug = await newSlug();
    const renamed = `${slug}-renamed` as Slug;
    const rename = () => edit(slug, { slug: renamed });
    const work = edit(slug, { question: "First?" }, storeWith("polls.by_slug", rename));
    await assert.rejects(work, { code: "poll_not_found" });
    assert.equal(await question(slug), null);
    assert.equal(await question(renamed), "First?");
  });

  it("the list of polls does not go back to the one before the other's change", async () => {
    const [slug, removed] = [await newSlug(), await newSlug()];
    const remove = () => removePoll(editing, removed, Date.now());
    const stale = new PublishedPolls(placement, storeWith("polls.listed", remove), log);
    await changePoll({ ...editing, published: stale }, slug, { question: "First?" }, Date.now());
    const readers = new PublishedPolls(placement, store, log);
    const listed = (await readers.listed(Date.now())).map(poll => poll.slug);
    assert.deepEqual([listed.includes(slug), listed.includes(removed)], [true, false]);
  });
});

describe("a worker publishes polls that an editor changed", () => {
  it("a poll that got another slug meanwhile is not published by its old one again", async () => {
    const worker = newWorker();
    const slug = await newSlug();
    const renamed = `${slug}-renamed` as Slug;
    const slow = storeWith("polls.changed", () => edit(slug, { slug: renamed }));
    const duty = dutiesOf({ ...worker, store: slow }).find(each => each.name === "publish changes");
    await duty?.run({} as never);
    assert.equal(await question(slug), null);
    assert.equal(await question(renamed), "Yes?");
  });

  it("the list loses a poll that a front of release 0.2.0 has deleted, and that one's the unlisted polls", async () => {
    const worker = newWorker();
    const [kept, unlisted, removed] = [await newSlug(), await newSlug(), await newSlug()];
    await edit(unlisted, { listed: false });
    const duty = dutiesOf(worker).find(each => each.name === "compare the list of polls");
    await duty?.run({} as never);
    // That release deletes, withdraws the slug, and writes a list with all polls under its own key.
    await store.write("test.delete", "DELETE FROM polls WHERE slug = ?", [removed]);
    await published.withdraw(removed);
    const itsList = JSON.stringify([kept, unlisted].map(slug => ({ slug, question: "Yes?" })));
    const written = new Pipeline();
    written.overwrite(earlierListedKey, itsList, 0);
    await client.send(written);
    assert.ok((await slugsUnder(listedKey)).includes(removed));

    await duty?.run({} as never);
    for (const key of [listedKey, earlierListedKey]) {
      const slugs = await slugsUnder(key);
      const seen = [kept, unlisted, removed].map(slug => slugs.includes(slug));
      assert.deepEqual(seen, [true, false, false], key);
    }
  });
});
