/**
 * Promise 3 for a poll whose ballots were set aside after its result was final: the public result shows what MySQL has,
 * although the program that set them aside was killed before it corrected the tallies.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { buildArmed } from "#test/faults/builds.ts";
import { books, createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

describe("the result of a final poll", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ programs: await buildArmed(), workers: 0 });
  });
  after(() => site?.stop());

  async function castMany(slug: string, count: number): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: count }, () =>
        vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() }),
      ),
    );
    assert.ok(answers.every(({ status }) => status === 202));
  }

  const setFinal = (slug: string, value: "NOW(3)" | "NULL") =>
    site.query(`UPDATE polls SET finalized_at = ${value} WHERE slug = ?`, [slug]);

  it("the result of a final poll loses the ballots that were set aside, and has them again when they are re-driven", async () => {
    const slug = await createPoll(site);
    await castMany(slug, 10);
    await site.drained();
    await castMany(slug, 5);
    await setFinal(slug, "NOW(3)");
    await site.run("flush", [], { FAULT: "worker.committed:1" }).catch(() => {});
    assert.equal((await books(site, slug)).setAside, 5, "the ballots are dead letters");
    assert.equal((await results(site, slug)).ballots, 15, "the tallies were not corrected");

    await site.addWorker();
    const shown = (ballots: number) => async () => (await results(site, slug)).ballots === ballots;
    await waitUntil("a result without them", shown(10), { withinMs: 20_000 });
    assert.equal((await results(site, slug)).options[1]?.votes, 10);

    await setFinal(slug, "NULL");
    await site.run("dead-letters", ["--all"]);
    await waitUntil("a result with them", shown(15), { withinMs: 10_000 });
    const { counted, setAside, balanced } = await books(site, slug);
    assert.deepEqual({ counted, setAside, balanced }, { counted: 15, setAside: 0, balanced: true });
  });
});
