/**
 * Promises 1 to 3 when MySQL gives the number of a poll a second time, after it went back to an earlier state: nothing of
 * the poll that is gone reaches the one that has its number now.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, books, createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { Snapshot } from "#test/support/snapshot.ts";

describe("a poll that has the number of a poll that MySQL has lost", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2, env: { FLOODGATE_QUEUE_GRACE_MS: "2000" } });
  });
  after(() => site?.stop());

  const cast = (slug: string, choice: string, cookie?: string, front = 0) =>
    vote(
      site.fronts[front]?.url ?? "",
      slug,
      { choices: [choice], ballotId: randomUUID() },
      cookie === undefined ? {} : { Cookie: cookie },
    );

  const castMany = (slug: string, choice: string, cookies: readonly (string | undefined)[]) =>
    Promise.all(cookies.map((cookie, index) => cast(slug, choice, cookie, index % 2)));

  const cookieOf = ({ headers }: Response) => headers.get("set-cookie")?.split(";")[0] ?? "";

  async function numberOf(slug: string): Promise<number> {
    const [row] = await site.query<RowDataPacket & { readonly id: number }>(
      "SELECT id FROM polls WHERE slug = ?",
      [slug],
    );
    return row?.id ?? 0;
  }

  async function countOf(table: string, where: string): Promise<number> {
    const [row] = await site.query<RowDataPacket & { readonly n: number }>(
      `SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`,
    );
    return Number(row?.n);
  }

  it("a poll that has the number of a lost poll gets none of its votes, tallies and marks, and the lost poll's address soon takes no votes", async () => {
    await createPoll(site);
    await site.drained();
    const snapshot = await Snapshot.take(site);

    const ghost = await createPoll(site);
    const number = await numberOf(ghost);
    const answers = await castMany(ghost, "2", Array.from({ length: 40 }));
    assert.ok(answers.every(({ status }) => status === 202));
    await waitUntil("rows", async () => (await countOf("ballots", `poll_id = ${number}`)) === 40);
    await snapshot.goBack(0);

    const heir = await createPoll(site);
    assert.equal(await numberOf(heir), number, "the number is given again");
    const born = await results(site, heir);
    assert.equal(born.ballots, 0, "no tallies of the lost poll");

    let accepted = 0;
    await waitUntil(
      "the lost poll's address takes no votes on any front",
      async () => {
        const late = await castMany(ghost, "3", [undefined, undefined]);
        accepted += late.filter(({ status }) => status === 202).length;
        return late.every(({ status }) => status === 404);
      },
      { withinMs: 15_000 },
    );
    assert.ok(accepted > 0, "votes for the lost poll were accepted before");

    const again = await castMany(heir, "1", answers.map(cookieOf));
    assert.deepEqual([...new Set(again.map(({ status }) => status))], [202], "no marks of it");
    await waitUntil(
      "balanced books of all 40 ballots",
      async () => (await books(site, heir)).counted === 40,
      { withinMs: 20_000 },
    );
    await waitUntil(
      "dead letters of the lost poll's late votes",
      async () =>
        (await countOf("dead_letters", "poll_id IS NULL AND reason LIKE '%does not exist%'")) ===
        accepted,
      { withinMs: 20_000 },
    );
    const { accepted: heirs, waiting, setAside, lost, balanced } = await books(site, heir);
    assert.deepEqual(
      { heirs, waiting, setAside, lost, balanced },
      { heirs: 40, waiting: 0, setAside: 0, lost: 0, balanced: true },
    );
    assert.equal(await countOf("dead_letters", `poll_id = ${number}`), 0);
    // The lost poll's voters chose another option there. A worker may be comparing tallies that it doubts.
    await waitUntil(
      "a result of the rows",
      async () => {
        const { ballots, options } = await results(site, heir);
        return [ballots, ...options.map(({ votes }) => votes)].join() === "40,40,0,0,0";
      },
      { withinMs: 20_000 },
    );
    assert.equal((await api(site, "GET", `/api/polls/${ghost}`)).status, 404);
    site.assertUnharmed(true);
  });
});
