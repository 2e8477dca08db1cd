/** Sites with more polls than any portion, page or cap: none that matters is left out. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { HOUR, MINUTE, SECOND } from "#lib/base/clock.ts";
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

/** Ten at a time. */
async function inPortions<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const size = Math.min(10, count - made.length);
    const first = made.length;
    made.push(...(await Promise.all(Array.from({ length: size }, (_, i) => make(first + i)))));
  }
  return made;
}

describe("a site with more polls than any list shows at once", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  /** @param status - 0: any. */
  const page = async (path: string, status = 200) => {
    const answer = await fetch(site.url + path);
    if (status > 0) assert.equal(answer.status, status, path);
    return answer.text();
  };
  const soon = () => new Date(Date.now() + HOUR).toISOString();
  const rank = async (slug: string, choices: readonly string[]) => {
    const answer = await vote(site.url, slug, { choices, ballotId: randomUUID() });
    assert.equal(answer.status, 202, await answer.text());
  };
  const read = async (slug: string) => (await results(site, slug)) as unknown as RankedResults;

  it("the open poll is on the first page when 201 others are scheduled, and each is on one page", async () => {
    const open = await createPoll(site, { question: "Which harbour?" });
    const later = (i: number) => new Date(Date.now() + HOUR + i * MINUTE).toISOString();
    const scheduled = await inPortions(201, i => createPoll(site, { opensAt: later(i) }));
    const first = await page("/");
    assert.ok(first.includes(`"/p/${open}"`));
    assert.match(first, /Open now.*Opening soon/s);
    const links: string[] = [];
    for (let path: string | undefined = "/"; path; ) {
      const html = await page(path);
      links.push(...[...html.matchAll(/href="\/p\/([^"]+)"/g)].map(([, slug]) => slug as string));
      path = /<a href="([^"]+)" rel="next">/.exec(html)?.[1]?.replaceAll("&amp;", "&");
    }
    for (const slug of [open, ...scheduled]) {
      assert.equal(links.filter(link => link === slug).length, 1, slug);
    }
    const soonest = links.indexOf(scheduled[0] ?? "");
    assert.equal(links[soonest + 1], scheduled[1], "the next to open comes first");
  });

  it("a search finds a poll by words of its question, and says so when there is none", async () => {
    const slug = await createPoll(site, {
      question: "Ferries to Zürich & <back>?",
      closesAt: soon(),
    });
    const found = await page(`/?q=${encodeURIComponent("zurich  FERRIES")}`);
    assert.ok(found.includes(`"/p/${slug}"`));
    assert.match(found, /Ferries to Zürich &amp; &lt;back&gt;\?/);
    assert.match(found, /Closes /);
    assert.match(found, /<meta name="robots" content="noindex"/);
    assert.match(await page("/?q=%3Cscript%3E%25"), /No poll matches “&lt;script&gt;%”\./);
  });

  it("an unlisted poll is in no list and no search, is reached by its address, and asks for no index", async () => {
    const slug = await createPoll(site, { question: "Unlisted pumpkins?", listed: false });
    assert.ok(!(await page("/?q=pumpkins")).includes(slug));
    assert.ok(!(await page("/")).includes(slug));
    const shown = await fetch(`${site.url}/p/${slug}`);
    assert.equal(shown.status, 200);
    assert.equal(shown.headers.get("x-robots-tag"), "noindex");
    assert.match(await shown.text(), /<meta name="robots" content="noindex"/);
    assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
    await api(site, "PATCH", `/api/polls/${slug}`, { listed: true });
    await waitUntil("the list", async () => (await page("/")).includes(slug), { withinMs: 5_000 });
    const mayBeIndexed = async () =>
      (await fetch(`${site.url}/p/${slug}`)).headers.get("x-robots-tag") === null;
    await waitUntil("the page", mayBeIndexed, { withinMs: 5_000 });
  });

  it("editors page through all polls by the API, by state and words, and a bad cursor is a problem", async () => {
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const cursor: string = next && `&cursor=${next}`;
      const answer = await api(site, "GET", `/api/polls?state=scheduled&limit=60${cursor}`);
      const body = (await answer.json()) as {
        polls: { slug: string; state: string }[];
        next: string | null;
      };
      assert.ok(body.polls.every(({ state }) => state === "scheduled"));
      seen.push(...body.polls.map(({ slug }) => slug));
      next = body.next;
    }
    assert.ok(seen.length >= 201);
    assert.equal(new Set(seen).size, seen.length);
    const found = await api(site, "GET", "/api/polls?q=harbour&limit=1");
    assert.equal(((await found.json()) as { polls: unknown[] }).polls.length, 1);
    for (const query of [
      "cursor=x",
      "cursor=YmVmb3JlIDB4MQ",
      "limit=0",
      "limit=1e9",
      "state=gone",
      "page=2",
    ]) {
      const bad = await api(site, "GET", `/api/polls?${query}`);
      assert.equal(bad.status, 400, query);
      assert.equal(bad.headers.get("content-type"), "application/problem+json");
      assert.match(((await bad.json()) as { detail: string }).detail, /cursor|limit|state|page/);
    }
    const stranger = await fetch(`${site.url}/api/polls`);
    assert.equal(stranger.status, 401);
  });

  it("a renamed poll is reached by its old address, and a vote from a page loaded before counts", async () => {
    const slug = await createPoll(site, {
      slug: "old-name",
      opensAt: new Date(Date.now() + HOUR).toISOString(),
    });
    const rename = (from: string, to: string) =>
      api(site, "PATCH", `/api/polls/${from}`, { slug: to });
    assert.equal((await rename(slug, "second-name")).status, 200);
    assert.equal((await rename("second-name", "third-name")).status, 200);
    await api(site, "POST", "/api/polls/second-name/open");
    for (const path of [
      "/p/old-name",
      "/p/old-name/results?lang=sv",
      "/embed/second-name",
      "/p/OLD-name",
    ]) {
      const moved = await fetch(site.url + path, { redirect: "manual" });
      assert.equal(moved.status, 308, path);
      const to = path.replace(/old-name|second-name/i, "third-name");
      assert.equal(moved.headers.get("location"), to);
    }
    const cast = await vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() });
    assert.equal(cast.status, 202, await cast.clone().text());
    assert.equal((await results(site, "old-name")).options[1]?.votes, 1);
    assert.equal((await api(site, "GET", "/api/polls/second-name")).redirected, true);
  });

  it("a slug that is given to a new poll means the new poll", async () => {
    await createPoll(site, { slug: "given-twice", opensAt: null });
    await api(site, "PATCH", "/api/polls/given-twice", { slug: "given-once" });
    assert.equal((await fetch(`${site.url}/p/given-twice`)).status, 404, "a draft has no address");
    await createPoll(site, { slug: "given-twice", question: "The second one?" });
    const isShown = async () => (await page("/p/given-twice", 0)).includes("The second one?");
    await waitUntil("the new poll", isShown, { withinMs: 5_000 });
    const answer = await fetch(`${site.url}/p/given-twice`, { redirect: "manual" });
    assert.equal(answer.status, 200);
  });

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
