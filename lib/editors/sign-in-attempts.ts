/**
 * Limiting attempts: a counter in memcached for each (what, who) and window.
 *
 * **On failure:** with memcached away, a counter of this process's own takes over: a weaker limit, never
 * none.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { SECOND, wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { attemptsKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";

export interface AttemptRule {
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
  readonly #server: MemcachedClient;
  readonly #local = new LRUCache<string, number>({ max: localMax });

  constructor(server: MemcachedClient) {
    this.#server = server;
  }

  /** Counts one attempt of `who` (an address, a mail address; hashed before it leaves this process). */
  async count(who: string, rule: AttemptRule): Promise<AttemptVerdict> {
    const seconds = Math.floor(wallMs() / SECOND);
    const window = Math.floor(seconds / rule.windowSeconds);
    const digest = createHash("sha256").update(`${window}\0${who}`).digest("base64url");
    const attempts = await this.#increment(digest, rule.windowSeconds);
    return {
      allowed: attempts <= rule.max,
      retryAfterSeconds: (window + 1) * rule.windowSeconds - seconds,
    };
  }

  async #increment(digest: string, windowSeconds: number): Promise<number> {
    const local = (this.#local.get(digest) ?? 0) + 1;
    this.#local.set(digest, local, { ttl: windowSeconds * SECOND });
    const p = new Pipeline();
    const counted = p.incr(attemptsKey(digest), 1, { initial: 1, ttlSeconds: windowSeconds + 1 });
    try {
      const shared = (await this.#server.send(p)).of(counted);
      return typeof shared === "bigint" ? Math.max(local, Number(shared)) : local;
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      return local;
    }
  }
}
