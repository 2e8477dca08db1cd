/**
 * Promise 5 for polls that a front knows: with memcached empty and MySQL away, votes, results and pages are answered
 * from the front's memory. No answer waits for MySQL's deadline.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { timed } from "#test/support/stalls.ts";

const answerMsMax = 3_000;
const askingMs = 6_000;
const askPauseMs = 33;

describe("a known poll with memcached empty", () => {
  let site: Site;
  const slugs: string[] = [];
  before(async () => {
    site = await Site.start();
    for (let i = 0; i < 3; i++) slugs.push(await createPoll(site));
  });
  after(() => site?.stop());

  const faults = {
    "does not answer": {
      begin: () => site.database.child.pause(),
      end: async () => void site.database.child.signal("SIGCONT"),
    },
    "is gone": {
      begin: () => site.database.child.kill(),
      end: () => site.restartDatabase(),
    },
  };
  for (const [how, { begin, end }] of Object.entries(faults)) {
    it(`votes, results and pages of known polls are answered in time while MySQL ${how}`, async t => {
      const votesBefore = await Promise.all(
        slugs.map(async slug => (await results(site, slug)).ballots ?? 0),
      );
      for (const slug of slugs) assert.equal((await fetch(`${site.url}/p/${slug}`)).status, 200);
      await site.drained();
      await begin();
      await site.memcached[0]?.child.kill();
      await site.restartMemcached();
      await waitUntil("the queue is used", async () => (await site.step()) !== "refusing", {
        withinMs: 10_000,
      });
      const took: number[] = [];
      const accepted = new Map<string, number>();
      const ask = async (index: number) => {
        const slug = slugs[index % slugs.length] as string;
        const { result: statuses, tookMs } = await timed(async () => {
          const cast = await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
          await cast.arrayBuffer();
          took.push(0);
          return [cast.status];
        });
        took[took.length - 1] = tookMs;
        assert.deepEqual(statuses, [202]);
        accepted.set(slug, (accepted.get(slug) ?? 0) + 1);
        assert.ok(tookMs < answerMsMax, `a vote took ${tookMs} ms`);
        for (const path of [`/api/polls/${slug}/results`, `/p/${slug}`, "/"]) {
          const { result: answer, tookMs } = await timed(async () => {
            const read = await fetch(site.url + path);
            await read.arrayBuffer();
            return read;
          });
          if (path !== "/") assert.equal(answer.status, 200, path);
          assert.ok(tookMs < answerMsMax, `${path} took ${tookMs} ms`);
        }
      };
      const asked: Promise<void>[] = [];
      for (let index = 0; index < askingMs / askPauseMs; index++) {
        const one = ask(index);
        one.catch(() => {});
        asked.push(one);
        await sleep(askPauseMs);
      }
      await Promise.all(asked);
      took.sort((a, b) => a - b);
      t.diagnostic(
        `votes: ${took.length}, p50 ${Math.round(took[Math.floor(took.length / 2)] ?? 0)} ms, longest ${Math.round(took.at(-1) ?? 0)} ms`,
      );
      await end();
      await waitUntil("MySQL is used again", async () => (await site.step()) === "normal", {
        withinMs: 20_000,
      });
      await site.drained();
      for (const [index, slug] of slugs.entries()) {
        const expected = (votesBefore[index] ?? 0) + (accepted.get(slug) ?? 0);
        await waitUntil(
          `results count ${expected}`,
          async () => (await results(site, slug)).ballots === expected,
          { withinMs: 20_000 },
        );
      }
    });
  }

  it("no process crashed or restarted meanwhile", () => site.assertUnharmed());
});
