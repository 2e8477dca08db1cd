/**
 * Publishes polls anew after a restore: copies in memcached may be of polls that MySQL lacks now, or has in an older
 * version. Such a copy takes votes that can never be counted.
 *
 * Each server has a note of the generation of MySQL that its copies are of. So any process can find out that they are
 * outdated, also when the process that restored the backup has died.
 *
 * Invariant: a server has the note of a generation only when every copy on it was replaced. A server that is away
 *   keeps no other one from that, and gets its copies when it is back.
 */
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { type MemcachedFailure, orWhenMemcachedFails } from "../memcached/failure.ts";
import { dumpKeys } from "../memcached/key-dump.ts";
import { generationKey, publishedKeyPrefix, publishedSlug } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Database } from "../store/database.ts";
import { pollsBySlug } from "../store/polls.ts";
import { PublishedCopies } from "./published-copies.ts";
import { readList, textsOf } from "./published-list.ts";
import { writeCurrent } from "./write-current.ts";

export interface PublishAnewDeps {
  readonly store: Database;
  readonly placement: Placement;
}

const slugsPerQuery = 200;

/**
 * Replaces every copy on those of `servers` whose copies are not of this generation, and the list of polls there.
 *
 * **Cost:** one small read for each server; one dump of its keys when the generation differs.
 *
 * @param generation - as it was read from MySQL before.
 * @throws MemcachedFailure: a server could not be reached, the others were. StoreFailure. Do it again.
 */
export async function publishAnew(
  { store, placement }: PublishAnewDeps,
  servers: readonly MemcachedClient[],
  generation: string,
  nowMs: number,
): Promise<void> {
  const failures: MemcachedFailure[] = [];
  for (const server of servers) {
    const work = publishOn(server, { store, placement }, generation, nowMs);
    await orWhenMemcachedFails(work, failure => void failures.push(failure));
  }
  if (failures[0]) throw failures[0];
}

async function publishOn(
  server: MemcachedClient,
  { store, placement }: PublishAnewDeps,
  generation: string,
  nowMs: number,
): Promise<void> {
  if ((await notedGeneration(server)) === generation) return;
  const copies = new PublishedCopies(placement);
  const slugs = new Set<Slug>();
  for await (const { key } of dumpKeys(server, publishedKeyPrefix, "table")) {
    slugs.add(publishedSlug(key));
  }
  for (const portion of portions([...slugs], slugsPerQuery)) {
    await writeCurrent(
      () => pollsBySlug(store, portion),
      async polls => {
        const found = new Map(polls.map(poll => [poll.slug, poll]));
        for (const slug of portion) await copies.writeOn(server, slug, found.get(slug) ?? null);
        // A front that can't read the number of publications reads each copy anew after a second.
        await orWhenMemcachedFails(copies.announce(), () => undefined);
      },
    );
  }
  await writeCurrent(
    () => readList(store, nowMs),
    list => copies.writeListOn(server, textsOf(list)),
  );
  await noteGeneration(server, generation);
}

async function notedGeneration(server: MemcachedClient): Promise<string | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(generationKey);
  return (await server.read(pipeline)).of(op)?.toString();
}

/**
 * Makes the copies on a server count as outdated: MySQL has gone back without a new generation, or lacks a poll that
 * fronts take votes for.
 *
 * @throws MemcachedFailure.
 */
export async function forgetGeneration(server: MemcachedClient): Promise<void> {
  const pipeline = new Pipeline();
  pipeline.delete(generationKey);
  await server.send(pipeline);
}

async function noteGeneration(server: MemcachedClient, generation: string): Promise<void> {
  const pipeline = new Pipeline();
  pipeline.overwrite(generationKey, generation, 0);
  await server.send(pipeline);
}
