/**
 * Where the addresses of renamed polls lead. Asked only about slugs that no poll has, so a poll that was given the slug
 * meanwhile is always what its address means.
 *
 * An answer of MySQL is in memcached for a minute, "none" as well. **On failure:** the last answer that this process had
 * is used, and without one the address leads nowhere: a renamed poll is worth less than votes.
 */
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { OverdueReads } from "../base/overdue-reads.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { formerSlugKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import { slugAfter } from "../store/former-slugs.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { orUndefinedWhenRefused } from "./or-when-refused.ts";

const none = "-";
const keptSeconds = 60;
const freshMs = SECOND;
const rememberedMax = 5_000;
/** Invented addresses can't cause more queries than that. */
const lookUpsPerSecondMax = 20;
/** How long an address without an answer waits for MySQL. */
const patienceMs = SECOND;

export class FormerSlugs {
  readonly #placement: Placement;
  readonly #breaker: StoreBreaker;
  readonly #known = new LRUCache<Slug, { readonly to: Slug | null; readonly readAtMs: number }>({
    max: rememberedMax,
  });
  readonly #lookUps = new OverdueReads<Slug, Slug | null>();
  readonly #rate = new TokenBucket(lookUpsPerSecondMax);

  constructor(placement: Placement, breaker: StoreBreaker) {
    this.#placement = placement;
    this.#breaker = breaker;
  }

  /**
   * The slug that the poll with this former one has now. **Cost:** at most one memcached read a second for each slug, and
   * one query a minute. Never rejects because of memcached or MySQL.
   */
  async follow(slug: Slug): Promise<Slug | undefined> {
    const known = this.#known.get(slug);
    if (known && monotonicMs() - known.readAtMs < freshMs) return known.to ?? undefined;
    const server = serversUp(this.#placement.ofSlug(slug))[0];
    // `null` is an answer: the slug leads nowhere.
    let to = server && (await readOn(server, slug));
    if (to === undefined) to = await this.#lookUp(slug);
    if (to === undefined) to = known?.to;
    if (to === undefined) return undefined;
    this.#known.set(slug, { to, readAtMs: monotonicMs() });
    return to ?? undefined;
  }

  async #lookUp(slug: Slug): Promise<Slug | null | undefined> {
    if (!this.#rate.tryTake()) return undefined;
    const read = async () => {
      const to = (await this.#breaker.use(store => slugAfter(store, slug))) ?? null;
      await writeOn(serversUp(this.#placement.ofSlug(slug)), slug, to);
      return to;
    };
    return orUndefinedWhenRefused(this.#lookUps.soon(slug, read, patienceMs));
  }
}

/** `undefined`: memcached does not know. */
async function readOn(server: MemcachedClient, slug: Slug): Promise<Slug | null | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(formerSlugKey(slug));
  const read = async () => (await server.read(pipeline)).of(op)?.toString();
  const text = await orWhenMemcachedFails(read(), () => undefined);
  return text === none ? null : (text as Slug | undefined);
}

async function writeOn(servers: readonly MemcachedClient[], slug: Slug, to: Slug | null) {
  for (const server of servers) {
    const pipeline = new Pipeline();
    pipeline.overwrite(formerSlugKey(slug), to ?? none, keptSeconds);
    await orWhenMemcachedFails(server.send(pipeline), () => undefined);
  }
}

/** A poll was renamed: what memcached has of its former slugs is outdated. Never rejects because of memcached. */
export async function noteRenamed(
  placement: Placement,
  formerSlugs: readonly Slug[],
  to: Slug,
): Promise<void> {
  for (const slug of formerSlugs) await writeOn(serversUp(placement.ofSlug(slug)), slug, to);
}
