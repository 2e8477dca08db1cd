/**
 * Promise 5 for editors: while MySQL is away, signing in and the studio are answered in time, and say that the database
 * can't be reached, not that a password is wrong.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { problemOf } from "#test/support/problem.ts";
import { Site } from "#test/support/site.ts";
import { timed } from "#test/support/stalls.ts";

const answerMsMax = 3_000;

describe("editors are answered in time", () => {
  let site: Site;
  let origin: string;
  let cookie: string;
  before(async () => {
    site = await Site.start();
    // Under the studio's own address, and not by its number.
    origin = site.url.replace("127.0.0.1", "localhost");
    const signedIn = await signIn();
    assert.equal(signedIn.status, 200);
    cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  });
  after(() => site?.stop());

  const signIn = () =>
    fetch(`${origin}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: origin },
      body: JSON.stringify(site.seeded.editor),
    });
  const get = (path: string) =>
    fetch(origin + path, { headers: { Cookie: cookie }, redirect: "manual" });

  async function inTime(ask: () => Promise<Response>): Promise<Response> {
    const { result, tookMs } = await timed(async () => {
      const answer = await ask();
      return new Response(await answer.text(), answer);
    });
    assert.ok(tookMs < answerMsMax, `${tookMs} ms`);
    return result;
  }

  const faults = {
    "does not answer": {
      begin: () => site.database.child.pause(),
      end: () => site.database.child.signal("SIGCONT"),
    },
    "is gone": {
      begin: () => site.database.child.kill(),
      end: () => site.restartDatabase(),
    },
  };
  for (const [how, { begin, end }] of Object.entries(faults)) {
    it(`editors are answered in time while MySQL ${how}, and normally afterwards`, async () => {
      await begin();
      // More than there are connections, and none may be lost: but few enough attempts to sign in.
      for (let attempt = 0; attempt < 3; attempt++) {
        const previews = Array.from({ length: 10 }, () => inTime(() => get("/studio/preview")));
        const answers = await Promise.all([inTime(signIn), ...previews]);
        for (const answer of answers) {
          assert.equal((await problemOf(answer, 503)).code, "mysql_unavailable");
        }
      }
      await end();
      await waitUntil("the studio is back", async () => (await get("/studio")).status === 200, {
        withinMs: 10_000,
      });
      assert.equal((await signIn()).status, 200);
    });
  }
});
