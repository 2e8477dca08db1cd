/**
 * Publishes polls as MySQL has them, by their slugs. A poll that was read a while ago may have got another slug since,
 * or may be deleted: its copy must not come back.
 */
import { portions } from "../base/lists.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { Database } from "../store/database.ts";
import { pollsBySlug } from "../store/polls.ts";
import type { PublishedPolls } from "./published.ts";
import { writeCurrent } from "./write-current.ts";

const slugsPerQuery = 200;

/**
 * Publishes the polls with these slugs, and withdraws the slugs that have no poll.
 *
 * @throws StoreFailure; MemcachedFailure when a server could not be written, the others were.
 */
export async function publishCurrent(
  { store, published }: { readonly store: Database; readonly published: PublishedPolls },
  slugs: readonly Slug[],
): Promise<void> {
  const failures: unknown[] = [];
  for (const portion of portions(slugs, slugsPerQuery)) {
    const write = async (polls: readonly Poll[]) => {
      const found = new Map(polls.map(poll => [poll.slug, poll]));
      for (const slug of portion) {
        const poll = found.get(slug);
        const written = poll ? published.publish(poll) : published.withdraw(slug);
        await written.catch(error => failures.push(error));
      }
    };
    await writeCurrent(() => pollsBySlug(store, portion), write);
  }
  if (failures.length > 0) throw failures[0];
}
