/** Readers' pages are rendered once for all readers, and nothing about one reader is on another's page. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Found only on a page that was rendered for one voter. */
const personal = /href="\/receipt\/| data-mine=""/;

describe("readers' pages", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  async function get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    const answer = await fetch(site.url + path, { headers });
    const text = (await answer.text()).replace(/<style>.*?<\/style>/s, "");
    return { status: answer.status, headers: answer.headers, text };
  }

  /** Votes, and gives the voter's cookie. */
  async function voterOf(slug: string): Promise<Record<string, string>> {
    const answer = await vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() });
    assert.equal(answer.status, 202);
    return { Cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "" };
  }

  for (const paths of [
    ["/p/", ""],
    ["/p/", "/results"],
    ["/embed/", ""],
    ["/embed/", "/results"],
  ]) {
    it(`readers' pages show a vote to its voter only: ${paths.join("{poll}")}`, async () => {
      const slug = await createPoll(site);
      const path = paths.join(slug);
      const voter = await voterOf(slug);
      const pages = await Promise.all(
        Array.from({ length: 40 }, (_, i) => get(path, i % 2 === 0 ? voter : {})),
      );
      for (const [index, page] of pages.entries()) {
        const theirs = index % 2 === 0;
        assert.equal(personal.test(page.text), theirs, `page ${index}`);
        assert.match(page.headers.get("cache-control") ?? "", theirs ? /no-store/ : /^public/);
        assert.equal(page.headers.has("etag"), !theirs);
      }
      const policies = new Set(pages.map(page => page.headers.get("content-security-policy")));
      assert.equal(policies.size, 1);
    });
  }

  it("readers' pages show the results of a poll with resultsTo voters to its voters only", async () => {
    const slug = await createPoll(site);
    await api(site, "PATCH", `/api/polls/${slug}`, { version: 1, resultsTo: "voters" });
    const voter = await voterOf(slug);
    await waitUntil("the rule", async () => {
      const { headers } = await get(`/p/${slug}/results`);
      return headers.get("cache-control")?.includes("no-store") ?? false;
    });
    const [theirs, others] = await Promise.all([
      get(`/p/${slug}/results`, voter),
      get(`/p/${slug}/results`),
    ]);
    assert.match(theirs.text, /rect width="100%"/);
    assert.doesNotMatch(others.text, /rect width="100%"/);
  });

  it("readers' pages are the same bytes for all readers who have not voted in the poll", async () => {
    const slug = await createPoll(site);
    const elsewhere = await voterOf(await createPoll(site));
    await waitUntil("two answers from one page", async () => {
      const [one, two] = await Promise.all([get(`/p/${slug}`), get(`/p/${slug}`, elsewhere)]);
      assert.match(two.headers.get("cache-control") ?? "", /s-maxage=1, stale-while-revalidate/);
      return one.text === two.text && one.headers.get("etag") === two.headers.get("etag");
    });
  });

  it("readers' pages are answered 304 to a client that has the current one", async () => {
    const slug = await createPoll(site, {});
    await waitUntil("a page that has not changed", async () => {
      const page = await get(`/p/${slug}`);
      const tag = page.headers.get("etag") ?? "";
      const again = await get(`/p/${slug}`, { "If-None-Match": tag });
      if (again.status !== 304) return false;
      assert.equal(again.text, "");
      for (const name of ["etag", "cache-control", "vary", "content-security-policy"]) {
        assert.equal(again.headers.get(name), page.headers.get(name), name);
      }
      return true;
    });
  });

  it("results are the same from the fast path and from the route", async () => {
    const slug = await createPoll(site);
    const path = `/api/polls/${slug}/results`;
    await waitUntil("two ways to one answer", async () => {
      // The first request fills the cache; one with a query is left to the route.
      await get(path);
      const [ready, made] = [await get(path), await get(`${path}?`)];
      if (ready.headers.get("etag") !== made.headers.get("etag")) return false;
      const headersOf = ({ headers }: Page) => [...headers].filter(([name]) => name !== "date");
      assert.deepEqual(headersOf(ready), headersOf(made));
      return ready.text === made.text;
    });
  });

  it("readers' pages are cached apart by language, and by the choice in a link", async () => {
    const slug = await createPoll(site);
    const asked = [
      get(`/p/${slug}`, { "Accept-Language": "sv" }),
      get(`/p/${slug}`, { "Accept-Language": "pl, en;q=0.5" }),
      get(`/p/${slug}?lang=de`),
      get(`/p/${slug}?choice=2`),
      get(`/p/${slug}?choice=3`),
      get(`/embed/${slug}`),
      get(`/p/${slug}/results`),
      get(`/p/${slug}`),
    ];
    const pages = await Promise.all(asked);
    assert.equal(new Set(pages.map(({ text }) => text)).size, pages.length);
    assert.deepEqual(
      pages.slice(0, 4).map(({ text }) => /<html lang="(..)"/.exec(text)?.[1]),
      ["sv", "pl", "de", "en"],
    );
    assert.equal(pages[0]?.headers.get("vary"), "Accept-Language, Accept-Encoding");
    assert.equal(pages[2]?.headers.get("vary"), "Accept-Encoding");
    assert.match(pages[3]?.text ?? "", /value="2" checked/);
    assert.doesNotMatch(pages[7]?.text ?? "", /value="\d" checked/);
  });

  it("readers' pages show a change and the closing of their poll", async () => {
    const slug = await createPoll(site);
    assert.match((await get(`/p/${slug}`)).text, /data-state="open"/);
    const closesAt = new Date(Date.now() + 3_600_000).toISOString();
    const changed = await api(site, "PATCH", `/api/polls/${slug}`, { version: 1, closesAt });
    assert.equal(changed.status, 200, await changed.clone().text());
    const shows = (pattern: RegExp) => async () => pattern.test((await get(`/p/${slug}`)).text);
    await waitUntil("the new end", shows(new RegExp(`datetime="${closesAt}"`)), {
      withinMs: 5_000,
    });
    const closed = await api(site, "POST", `/api/polls/${slug}/close`);
    assert.ok(closed.ok);
    await waitUntil("the end", shows(/data-state="(closing|final)"/), { withinMs: 5_000 });
  });
});
