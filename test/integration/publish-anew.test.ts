/** Publishing polls anew after a restore: beside an editor's changes, and while a memcached server is away. */
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { HOUR } from "#lib/base/clock.ts";
import { range } from "#lib/base/lists.ts";
import { createLog } from "#lib/base/log.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollKey, Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { createPoll } from "#lib/polls/create.ts";
import { changePoll, removePoll } from "#lib/polls/edit.ts";
import { publishAnew } from "#lib/polls/publish-anew.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { createPollSchema } from "#lib/polls/schema.ts";
import type { Store } from "#lib/store/database.ts";
import { findPoll } from "#lib/store/polls.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { testMemcached } from "#test/support/services.ts";

const { client, newPoll, store } = await startFlushBench();
const other = await testMemcached();
const timeouts = { connectMs: 2_000, answerMs: 2_000 };
const away = new MemcachedClient({ host: "127.0.0.1", port: other.port }, timeouts);
after(() => away.close());
const servers = [away, client];
const log = createLog("test", "silent");
const both = new Placement(servers, 2);
const editing = {
  ...{ store, tallies: both, log, published: new PublishedPolls(both, store, log) },
  secretForNewPolls: async () => "digest",
};
let generations = 0;

/** MySQL that lets something happen right after it has answered a statement for the first time. */
function storeWith(afterRead: () => Promise<unknown>, statement = "polls.by_slugs"): Store {
  let reads = 0;
  const rows = async (...call: Parameters<Store["rows"]>) => {
    const found = await store.rows(...call);
    if (call[0] === statement && reads++ === 0) await afterRead();
    return found;
  };
  return { rows } as unknown as Store;
}

const publish = (generation: string, from: Store = store) =>
  publishAnew({ store: from, placement: both }, servers, generation, Date.now());

/** The question in each server's copy of a poll; `null`: the note that there is no such poll. */
const questions = (slug: Slug) =>
  Promise.all(
    servers.map(async server => {
      const pipeline = new Pipeline();
      const op = pipeline.get(publishedKey(slug));
      const copy = (await server.read(pipeline)).of(op)?.toString();
      return copy === "-" ? null : (JSON.parse(copy ?? "{}") as Poll).question;
    }),
  );

const sameOnBoth = (question: string | null) => [question, question];

/** A poll that opens later, so that everything can be changed. */
async function published(): Promise<Poll> {
  const id = await newPoll();
  const later = new Date(Date.now() + HOUR);
  await store.write("test.later", "UPDATE polls SET opens_at = ? WHERE id = ?", [later, id]);
  const [row] = await store.rows("test.slug", "SELECT slug FROM polls WHERE id = ?", [id]);
  const poll = await findPoll(store, row?.slug as Slug);
  assert.ok(poll);
  await editing.published.publish(poll);
  return poll;
}

describe("publish anew, beside an editor's change between the read and the write", () => {
  it("the editor's newer version stands", async () => {
    const { slug } = await published();
    const edit = () => changePoll(editing, slug, { question: "Edited?" }, Date.now());
    await publish(`${++generations}`, storeWith(edit));
    assert.deepEqual(await questions(slug), sameOnBoth("Edited?"));
  });

  it("a poll that got another slug is not published by its old one again", async () => {
    const { slug } = await published();
    const renamed = `${slug}-renamed` as Slug;
    const edit = () => changePoll(editing, slug, { slug: renamed }, Date.now());
    await publish(`${++generations}`, storeWith(edit));
    assert.deepEqual(await questions(slug), sameOnBoth(null));
    assert.deepEqual(await questions(renamed), sameOnBoth("Yes?"));
  });

  it("a poll that is made with the slug of one that is gone is published", async () => {
    const { slug, id } = await published();
    await store.write("test.gone", "DELETE FROM polls WHERE id = ?", [id]);
    const options = [{ label: "Yes" }, { label: "No" }];
    const input = createPollSchema.parse({ slug, question: "Anew?", options });
    const create = () => createPoll(editing, input, Date.now());
    await publish(`${++generations}`, storeWith(create));
    assert.deepEqual(await questions(slug), sameOnBoth("Anew?"));
  });

  it("the list of polls is the one after the change", async () => {
    const { slug } = await published();
    const remove = () => removePoll(editing, slug, Date.now());
    await publish(`${++generations}`, storeWith(remove, "polls.listed"));
    for (const server of servers) {
      const readers = new PublishedPolls(new Placement([server], 1), store, log);
      const listed = (await readers.listed(Date.now())).map(poll => poll.slug);
      assert.equal(listed.includes(slug), false);
    }
  });
});

describe("publish anew, while a poll is read all the time", () => {
  it("its copies are replaced, however often", async () => {
    const poll = await published();
    let isDone = false;
    const readers = range(1, 20).map(async () => {
      while (!isDone) await questions(poll.slug);
    });
    const found: (string | null)[][] = [];
    for (const version of range(7, 16)) {
      await editing.published.publish({ ...poll, version, question: "After the backup?" });
      await publish(`${++generations}`);
      found.push(await questions(poll.slug));
    }
    isDone = true;
    await Promise.all(readers);
    assert.deepEqual(found, Array(10).fill(sameOnBoth(poll.question)));
  });
});

describe("publish anew, while a memcached server is away", () => {
  let slug: Slug;
  let restored: string;

  beforeEach(async () => {
    const poll = await published();
    ({ slug } = poll);
    const later = { ...poll, version: 7, key: "77" as PollKey, question: "After the backup?" };
    await editing.published.publish(later);
    restored = poll.question;
  });
  afterEach(() => other.child.signal("SIGCONT"));

  const outdated = "After the backup?";

  it("copies on the other servers are replaced; those of the server that was away, when it is back", async () => {
    await other.child.pause();
    const generation = `${++generations}`;
    await assert.rejects(publish(generation), isMemcachedFailure);
    other.child.signal("SIGCONT");
    await waitUntil("the server", () => away.available);
    assert.deepEqual(await questions(slug), [outdated, restored]);
    await publish(generation);
    assert.deepEqual(await questions(slug), sameOnBoth(restored));
  });

  it("copies on a server that goes away between the read and the write are replaced when it is back", async () => {
    const generation = `${++generations}`;
    const stop = async () => {
      await other.child.pause();
      away.suspend();
    };
    await assert.rejects(publish(generation, storeWith(stop)), isMemcachedFailure);
    other.child.signal("SIGCONT");
    await waitUntil("the server", () => away.available);
    await publish(generation);
    assert.deepEqual(await questions(slug), sameOnBoth(restored));
  });
});
