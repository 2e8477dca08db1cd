/**
 * A rate limit on sign-ins that all processes share: a counter in memcached for each client and window.
 *
 * **On failure:** with memcached away, this process's own counter takes over: a weaker limit, never none.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { SECOND, wallMs } from "../base/clock.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { attemptsKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";

export interface AttemptLimit {
  readonly windowSeconds: number;
  readonly max: number;
}

export interface AttemptVerdict {
  readonly allowed: boolean;
  /** Seconds until the window ends. */
  readonly retryAfterSeconds: number;
}

const localMax = 10_000;

export class SignInAttempts {
  readonly #placement: Placement;
  readonly #local = new LRUCache<string, number>({ max: localMax });

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /**
   * Takes one attempt, if there is one left in this window.
   *
   * @param who - a network or e-mail address; hashed before it leaves this process.
   */
  async tryTake(who: string, limit: AttemptLimit): Promise<AttemptVerdict> {
    const seconds = Math.floor(wallMs() / SECOND);
    const window = Math.floor(seconds / limit.windowSeconds);
    const digest = createHash("sha256").update(`${window}\0${who}`).digest("base64url");
    const attempts = await this.#increment(digest, limit.windowSeconds);
    return {
      allowed: attempts <= limit.max,
      retryAfterSeconds: (window + 1) * limit.windowSeconds - seconds,
    };
  }

  async #increment(digest: string, windowSeconds: number): Promise<number> {
    const local = (this.#local.get(digest) ?? 0) + 1;
    this.#local.set(digest, local, { ttl: windowSeconds * SECOND });
    const pipeline = new Pipeline();
    const increment = pipeline.incr(attemptsKey(digest), 1, {
      initial: 1,
      ttlSeconds: windowSeconds + 1,
    });
    const server = this.#placement.ofDigest(digest);
    const answer = server.send(pipeline).then(replies => replies.of(increment));
    const shared = await orWhenMemcachedFails(answer, () => null);
    return typeof shared === "bigint" ? Math.max(local, Number(shared)) : local;
  }
}
