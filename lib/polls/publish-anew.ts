/**
 * Publishes polls anew after a restore: copies in memcached may be of polls that MySQL lacks now, or has in an older
 * version. Such a copy takes votes that can never be counted.
 *
 * Each server has a note of the generation of MySQL that its copies are of. So any process can find out that they are
 * outdated, also when the process that restored the backup has died.
 */
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { dumpKeys } from "../memcached/key-dump.ts";
import { generationKey, publishedKeyPrefix, publishedSlug } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Slug } from "../model/ids.ts";
import type { Database } from "../store/database.ts";
import { pollsBySlug } from "../store/polls.ts";
import type { PublishedPolls } from "./published.ts";

export interface PublishAnewDeps {
  readonly store: Database;
  readonly published: PublishedPolls;
}

const slugsPerQuery = 200;

/**
 * Replaces every copy on those of `servers` whose copies are not of this generation, and the list of polls.
 *
 * **Cost:** one small read for each server; one dump of its keys when the generation differs.
 *
 * @param generation - as it was read from MySQL before.
 * @throws MemcachedFailure, StoreFailure: do it again.
 */
export async function publishAnew(
  { store, published }: PublishAnewDeps,
  servers: readonly MemcachedClient[],
  generation: string,
  nowMs: number,
): Promise<void> {
  const outdated: MemcachedClient[] = [];
  for (const server of servers) {
    if ((await notedGeneration(server)) !== generation) outdated.push(server);
  }
  if (outdated.length === 0) return;
  const slugs = new Set<Slug>();
  for (const server of outdated) {
    for await (const { key } of dumpKeys(server, publishedKeyPrefix)) slugs.add(publishedSlug(key));
  }
  for (const portion of portions([...slugs], slugsPerQuery)) {
    const found = new Map((await pollsBySlug(store, portion)).map(poll => [poll.slug, poll]));
    await published.replaceAll(portion.map(slug => [slug, found.get(slug) ?? null]));
  }
  await published.publishList(nowMs);
  for (const server of outdated) await noteGeneration(server, generation);
}

async function notedGeneration(server: MemcachedClient): Promise<string | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(generationKey);
  return (await server.read(pipeline)).of(op)?.toString();
}

/**
 * Makes the copies on these servers count as outdated: MySQL has gone back without a new generation, or lacks a poll that
 * fronts take votes for.
 *
 * @throws MemcachedFailure.
 */
export async function forgetGeneration(servers: readonly MemcachedClient[]): Promise<void> {
  for (const server of servers) {
    const pipeline = new Pipeline();
    pipeline.delete(generationKey);
    await server.send(pipeline);
  }
}

async function noteGeneration(server: MemcachedClient, generation: string): Promise<void> {
  const pipeline = new Pipeline();
  pipeline.overwrite(generationKey, generation, 0);
  await server.send(pipeline);
}
