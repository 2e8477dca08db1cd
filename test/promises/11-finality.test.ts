/**
 * Promise 11: nothing is final by one machine's clock. Every vote that is acknowledged before a poll closes is in its
 * final result, whichever clock is wrong and whichever front was stopped over the closing.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { HOUR, MINUTE, SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { books, createPoll, results, vote } from "#test/support/ledger.ts";
import { type Process, Site } from "#test/support/site.ts";
import { clockAhead } from "#test/support/wrong-clock.ts";

/** The final result comes within this time after a poll has closed, with a margin for busy machines. */
const finalMsMax = 40 * SECOND;

/** Votes until the poll is closed; resolves with the number of acknowledged votes. */
async function voteUntilClosed(url: string, slug: string): Promise<number> {
  let acknowledged = 0;
  for (;;) {
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const answer = await vote(url, slug, { choices: ["1"], ballotId: randomUUID() });
        const { code = "" } = (await answer.json()) as { code?: string };
        return answer.status === 202 ? "acknowledged" : code;
      }),
    );
    acknowledged += statuses.filter(status => status === "acknowledged").length;
    const others = statuses.filter(status => status !== "acknowledged");
    assert.deepEqual(
      [...new Set(others)].filter(code => code !== "poll_closed"),
      [],
    );
    if (others.length > 0) return acknowledged;
    await sleep(20);
  }
}

const closingIn = (ms: number) => ({ closesAt: new Date(Date.now() + ms).toISOString() });

async function final(site: Site, slug: string): Promise<number> {
  const isFinal = async () => (await results(site, slug)).state === "final";
  await waitUntil("the final result", isFinal, { withinMs: finalMsMax });
  return (await results(site, slug)).ballots;
}

/** What became of the ballots, once the poll is final. */
async function assertAllCounted(site: Site, slug: string, acknowledged: number): Promise<void> {
  assert.equal(await final(site, slug), acknowledged);
  const { accepted, counted, setAside, lost, balanced } = await books(site, slug);
  assert.deepEqual(
    { accepted, counted, setAside, lost, balanced },
    { accepted: acknowledged, counted: acknowledged, setAside: 0, lost: 0, balanced: true },
  );
}

describe("finality with wrong clocks", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ workers: 0 });
    for (const aheadMs of [2 * HOUR, 10 * SECOND, -2 * HOUR]) {
      await site.addWorker(clockAhead(aheadMs));
    }
    for (const aheadMs of [-HOUR, HOUR]) await site.addFront(clockAhead(aheadMs));
  });
  after(() => site?.stop());

  it("fronts whose clocks are an hour off take votes of open polls and say which clock is wrong", async () => {
    const closesLater = await createPoll(site, closingIn(30 * MINUTE));
    const openedLately = await createPoll(site, {
      opensAt: new Date(Date.now() - 30 * SECOND).toISOString(),
    });
    for (const front of site.fronts.slice(1)) {
      for (const slug of [closesLater, openedLately]) {
        const answer = await vote(front.url, slug, { choices: ["1"], ballotId: randomUUID() });
        assert.equal(answer.status, 202, await answer.text());
      }
      const ready = await (await fetch(`${front.url}/readyz`)).json();
      const { status, wrongClocks } = ready as {
        status: string;
        wrongClocks: { clock: string }[];
      };
      assert.equal(status, "degraded");
      assert.deepEqual(
        wrongClocks.map(({ clock }) => clock),
        ["this machine"],
      );
    }
  });

  it("a poll takes votes until it closes, and then becomes final with all of them, when every worker's clock is wrong", async () => {
    const slug = await createPoll(site, closingIn(6 * SECOND));
    const acknowledged = await Promise.all(
      site.fronts.map(({ url }) => voteUntilClosed(url, slug)),
    );
    for (const votes of acknowledged) assert.ok(votes > 5, `${votes} votes`);
    const all = acknowledged.reduce((sum, votes) => sum + votes, 0);
    await assertAllCounted(site, slug, all);
    for (const { child, url } of site.workers) {
      assert.match(child.output, /"event":"clock_wrong".*"this machine"/);
      const { sentence } = (await (await fetch(`${url}/status.json`)).json()) as {
        sentence: string;
      };
      assert.match(sentence, /the clock of this machine is/);
    }
  });
});

/** Keeps voting at a front that is about to be stopped; counts what is acknowledged, also after it goes on. */
function voteOn(front: Process, slug: string, untilMs: number) {
  let acknowledged = 0;
  const loop = async () => {
    while (Date.now() < untilMs) {
      const answer = await vote(front.url, slug, { choices: ["1"], ballotId: randomUUID() });
      await answer.body?.cancel();
      if (answer.status === 202) acknowledged += 1;
    }
  };
  const done = Promise.all(Array.from({ length: 8 }, loop)).then(() => acknowledged);
  return done;
}

describe("finality with fronts that are stopped", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 3, env: { FLOODGATE_FRONT_GONE_MS: "10000" } });
  });
  after(() => site?.stop());

  /** A poll that closes in a moment, with votes at a front that is stopped just before. */
  async function stoppedOverTheClosing(front: Process) {
    const closesAtMs = Date.now() + 4 * SECOND;
    const slug = await createPoll(site, { closesAt: new Date(closesAtMs).toISOString() });
    const voting = voteOn(front, slug, closesAtMs - 10);
    await sleep(closesAtMs - 200 - Date.now());
    await front.child.pause();
    return { slug, voting };
  }

  it("a poll waits for a front that is stopped over the closing, and counts what it accepted", async () => {
    const [, frozen] = site.fronts;
    assert.ok(frozen);
    const { slug, voting } = await stoppedOverTheClosing(frozen);
    await sleep(9 * SECOND);
    assert.equal((await results(site, slug)).state, "closing");
    frozen.child.signal("SIGCONT");
    await assertAllCounted(site, slug, await voting);
  });

  it("a front that reports no more is declared gone, and its late votes are set aside when it is back", async () => {
    const [, frozen] = site.fronts;
    const [worker] = site.workers;
    assert.ok(frozen && worker);
    const { slug, voting } = await stoppedOverTheClosing(frozen);
    const isFinal = async () => (await results(site, slug)).state === "final";
    await waitUntil("the result without the front", isFinal, { withinMs: 90 * SECOND });
    assert.match(worker.child.output, /"event":"front_missing"/);
    assert.match(worker.child.output, /"event":"front_gone"/);
    frozen.child.signal("SIGCONT");
    const acknowledged = await voting;
    await waitUntil("the front's return", () => frozen.child.output.includes("was_declared_gone"));
    await site.drained();
    await waitUntil("all ballots in the books", async () => {
      const { accepted, counted, setAside } = await books(site, slug);
      return accepted === acknowledged && counted + setAside === acknowledged;
    });
  });

  it("a poll does not wait for a front that was killed, nor for one that was stopped in order", async () => {
    const slug = await createPoll(site, closingIn(3 * SECOND));
    const [first, killed, stopped] = site.fronts;
    assert.ok(first && killed && stopped);
    for (const { url } of site.fronts) await vote(url, slug, { choices: ["1"] });
    await sleep(SECOND);
    await killed.child.kill();
    stopped.child.signal("SIGTERM");
    await stopped.child.exit();
    await assertAllCounted(site, slug, 3);
  });
});
