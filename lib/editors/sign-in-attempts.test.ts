import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { MemcachedClient } from "../memcached/client.ts";
import { Placement } from "../memcached/placement.ts";
import { SignInAttempts } from "./sign-in-attempts.ts";

const server = new MemcachedClient({ host: "127.0.0.1", port: 1 });
after(() => server.close());
const limit = { windowSeconds: 86_400, max: 2 };

describe("SignInAttempts without memcached", () => {
  it("SignInAttempts without memcached refuses further attempts of a client who has used up the window", async () => {
    const attempts = new SignInAttempts(new Placement([server], 1));
    const allowed: boolean[] = [];
    for (let i = 0; i < 4; i++) allowed.push((await attempts.tryTake("192.0.2.1", limit)).allowed);
    assert.deepEqual(allowed, [true, true, false, false]);
  });

  it("SignInAttempts without memcached counts each client alone", async () => {
    const attempts = new SignInAttempts(new Placement([server], 1));
    for (let i = 0; i < 3; i++) await attempts.tryTake("192.0.2.1", limit);
    assert.equal((await attempts.tryTake("192.0.2.2", limit)).allowed, true);
  });

  it("SignInAttempts without memcached says how many seconds are left of the window", async () => {
    const attempts = new SignInAttempts(new Placement([server], 1));
    const { retryAfterSeconds } = await attempts.tryTake("192.0.2.1", limit);
    assert.ok(retryAfterSeconds > 0 && retryAfterSeconds <= limit.windowSeconds);
    const left = limit.windowSeconds - ((Date.now() / 1_000) % limit.windowSeconds);
    assert.ok(Math.abs(retryAfterSeconds - left) < 5, `${retryAfterSeconds} is not ${left}`);
  });
});
