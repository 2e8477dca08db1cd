/**
 * Promise 2, where readers may change their ballots: exactly one ballot counts through any number of changes,
 * concurrent ones too, and it is the last that was acknowledged, whatever is killed meanwhile.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { ChangingVoter, standingBallots } from "#test/support/changing-voters.ts";
import { api, books, createPoll, results, vote } from "#test/support/ledger.ts";
import { mulberry32 } from "#test/support/random.ts";
import { Site } from "#test/support/site.ts";

const voterCount = 60;
const changesEach = 14;

interface Case {
  readonly site: Site;
  /** Windows of each voter that change the ballot at the same time. */
  readonly windows: number;
  readonly during: (reached: (share: number) => Promise<void>) => Promise<void>;
}

/** Changes under a fault, and what must be true afterwards. */
async function changeAll({ site, windows, during }: Case): Promise<ChangingVoter[]> {
  const random = mulberry32(7);
  const slug = await createPoll(site, { mayChange: true });
  const voters = Array.from({ length: voterCount }, () => new ChangingVoter(site, slug));
  await Promise.all(voters.map((voter, i) => voter.begin(String((i % 4) + 1))));
  const total = voterCount * windows * changesEach;
  const done = () =>
    voters.reduce((sum, { acknowledged, conflicts }) => sum + acknowledged.size + conflicts, 0);
  const reached = (share: number) =>
    waitUntil(`${share} of the changes`, () => done() >= total * share, { withinMs: 60_000 });
  const changing = voters.flatMap(voter =>
    Array.from({ length: windows }, () => voter.change(changesEach, random)),
  );
  await Promise.all([...changing, during(reached)]);
  await assertLastStands(site, slug, voters);
  return voters;
}

async function assertLastStands(site: Site, slug: string, voters: readonly ChangingVoter[]) {
  await site.drained();
  const expected = voters.map(({ last }) => last);
  const said = ({ ballotId, revision, choices }: (typeof expected)[number]) =>
    `${ballotId.replaceAll("-", "")} ${revision} ${choices.join()}`;
  const rows = await standingBallots(site, slug);
  assert.deepEqual(rows.map(said).sort(), expected.map(said).sort(), "one row a voter, the last");

  const voted = expected.filter(({ choices }) => choices.length > 0);
  const counted = ["1", "2", "3", "4"].map(
    id => voted.filter(({ choices }) => choices.includes(id)).length,
  );
  await waitUntil("quiescent tallies", async () => {
    const tally = await results(site, slug);
    const votes = tally.options.map(option => option.votes);
    return tally.ballots === voted.length && votes.join() === counted.join();
  }).catch(async error => {
    assert.fail(`${error}: ${JSON.stringify(await results(site, slug))}, not ${counted}`);
  });
  await site.run("recount", ["--poll", slug]);

  let found = await books(site, slug);
  await waitUntil("the books without anything waiting", async () => {
    found = await books(site, slug);
    return found.waiting === 0;
  });
  const { accepted, counted: stored, replaced, withdrawn, duplicate, lost, balanced } = found;
  assert.ok(balanced, JSON.stringify(found));
  assert.equal(stored, voted.length);
  assert.equal(withdrawn, expected.length - voted.length);
  assert.equal(accepted, voted.length + withdrawn + replaced + duplicate, JSON.stringify(found));
  assert.equal(lost, 0);
  const tally = await results(site, slug);
  assert.deepEqual(
    [tally.ballots, tally.options.map(({ votes }) => votes)],
    [voted.length, counted],
  );
}

describe("changed ballots", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2 });
  });
  after(() => site?.stop());

  it("one of two concurrent changes of a revision is accepted, and the other is answered with what stands", async () => {
    const voters = await changeAll({ site, windows: 2, during: async () => {} });
    const conflicts = voters.reduce((sum, voter) => sum + voter.conflicts, 0);
    assert.ok(conflicts > 0, "the windows never met");
  });

  it("the last acknowledged change counts when the worker and a front are killed", async () => {
    const [worker, front] = [site.workers[0], site.fronts[0]];
    assert.ok(worker && front);
    await changeAll({
      site,
      windows: 2,
      during: async reached => {
        await reached(0.2);
        await worker.child.kill();
        await reached(0.35);
        await front.child.kill();
        await sleep(300);
        await site.restartFront(front);
        await site.restartWorker(worker);
        await reached(0.7);
        await Promise.all([worker.child.kill(), front.child.kill()]);
        await site.restartFront(front);
        await site.restartWorker(worker);
      },
    });
  });

  it("the last acknowledged change counts when memcached loses everything", async () => {
    await changeAll({
      site,
      windows: 1,
      during: async reached => {
        await reached(0.3);
        await site.memcached[0]?.child.kill();
        await site.restartMemcached();
      },
    });
  });

  it("MySQL accepts one of several concurrent changes while memcached is away", async () => {
    const slug = await createPoll(site, { mayChange: true });
    const voter = new ChangingVoter(site, slug);
    await voter.begin("1");
    await site.drained();
    const random = mulberry32(3);
    await site.memcached[0]?.child.kill();
    await Promise.all([1, 2, 3].map(() => voter.change(4, random)));
    await site.restartMemcached();
    await assertLastStands(site, slug, [voter]);
  });

  it("a change is refused without the editor's permission, without the voter's cookie and after closing", async () => {
    const fixed = await createPoll(site);
    const open = await createPoll(site, { mayChange: true });
    const body = { choices: ["1"], ballotId: randomUUID() };
    const refused = async (slug: string, headers: Record<string, string>) => {
      const change = { choices: ["2"], ballotId: randomUUID(), replaces: 0 };
      const answer = await vote(site.url, slug, change, headers);
      return `${answer.status} ${((await answer.json()) as { code: string }).code}`;
    };
    const cookieOf = (answer: Response) => answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    const first = await vote(site.url, fixed, body);
    assert.equal(await refused(fixed, { Cookie: cookieOf(first) }), "403 change_refused");
    const Cookie = cookieOf(await vote(site.url, open, body));
    assert.equal(await refused(open, {}), "403 voter_unknown");
    assert.equal((await api(site, "POST", `/api/polls/${open}/close`)).status, 200);
    assert.equal(await refused(open, { Cookie }), "403 poll_closed");
    await site.drained();
    assert.equal((await results(site, open)).options[0]?.votes, 1);
  });

  it("a withdrawn ballot returns by a new vote and not by an old request", async () => {
    const slug = await createPoll(site, { mayChange: true, resultsTo: "voters" });
    const body = { choices: ["1"], ballotId: randomUUID() };
    const first = await vote(site.url, slug, body);
    const headers = { Cookie: first.headers.get("set-cookie")?.split(";")[0] ?? "" };
    const withdrawal = { choices: [], ballotId: randomUUID(), replaces: 0 };
    for (let i = 0; i < 2; i++) {
      const answer = await vote(site.url, slug, withdrawal, headers);
      assert.equal(answer.status, 202);
      const { revision, results: shown } = (await answer.json()) as {
        revision: number;
        results: { hidden: string | null };
      };
      assert.deepEqual([revision, shown.hidden], [1, "voters"], "who has withdrawn is no voter");
    }
    const old = await vote(site.url, slug, body, headers);
    assert.equal(old.status, 409);
    assert.deepEqual(((await old.json()) as { choices: string[] }).choices, []);
    const again = { choices: ["3"], ballotId: randomUUID(), replaces: 1 };
    assert.equal((await vote(site.url, slug, again, headers)).status, 202);
    await site.drained();
    assert.deepEqual(
      (await standingBallots(site, slug)).map(({ revision, choices }) => [revision, choices]),
      [[2, ["3"]]],
    );
  });
});

describe("changed ballots with two copies", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({
      fronts: 2,
      memcached: [{}, {}],
      env: { FLOODGATE_QUEUE_COPIES: "2" },
    });
  });
  after(() => site?.stop());

  it("the last acknowledged change counts when one of two servers dies together with a front", async () => {
    const [front] = site.fronts;
    assert.ok(front);
    await changeAll({
      site,
      windows: 1,
      during: async reached => {
        await reached(0.3);
        await Promise.all([site.memcached[0]?.child.kill(), front.child.kill()]);
        await site.restartFront(front);
        await sleep(500);
        await site.restartMemcached(0);
      },
    });
  });
});
