/** Sites with more polls than any portion, page or cap: none that matters is left out. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { SECOND } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

/** The final result comes within this time after a poll has closed, with a margin for busy machines. */
const finalMsMax = 60 * SECOND;

interface RankedResults {
  readonly state: string;
  readonly options: readonly { readonly id: string; readonly votes: number }[];
  readonly runoff: {
    readonly winner: string | null;
    readonly rounds: readonly { readonly votes: Readonly<Record<string, number>> }[];
  } | null;
}

describe("a site with more polls than any list shows at once", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  const rank = async (slug: string, choices: readonly string[]) => {
    const answer = await vote(site.url, slug, { choices, ballotId: randomUUID() });
    assert.equal(answer.status, 202, await answer.text());
  };
  const read = async (slug: string) => (await results(site, slug)) as unknown as RankedResults;

  it("the rounds of a ranked poll follow its votes when 101 newer ranked polls are open", async () => {
    const ranked = { kind: "ranked", options: 2 };
    const slug = await createPoll(site, ranked);
    await rank(slug, ["1", "2"]);
    const isCounted = async () => (await read(slug)).runoff?.winner === "1";
    await waitUntil("the first round", isCounted, { withinMs: 20 * SECOND });
    for (let i = 0; i < 101; i++) await createPoll(site, ranked);
    for (let i = 0; i < 3; i++) await rank(slug, ["2", "1"]);
    assert.equal((await api(site, "POST", `/api/polls/${slug}/close`)).status, 200);
    const isFinal = async () => (await read(slug)).state === "final";
    await waitUntil("the final result", isFinal, { withinMs: finalMsMax });
    const { options, runoff } = await read(slug);
    assert.deepEqual(
      options.map(({ votes }) => votes),
      [1, 3],
    );
    assert.equal(runoff?.winner, "2");
    assert.deepEqual(runoff.rounds[0]?.votes, { 1: 1, 2: 3 });
  });
});
