/** What is left of a deleted poll on readers' screens does not count in the poll that gets its slug. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

const form = { "Content-Type": "application/x-www-form-urlencoded" };

interface Made {
  readonly slug: string;
  readonly edition: string;
}

describe("a poll that gets the slug of a deleted one", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ workers: 1, fronts: 2 });
  });
  after(() => site?.stop());

  const make = async (slug: string, labels: string[], more: object = {}): Promise<Made> => {
    const response = await api(site, "POST", "/api/polls", {
      slug,
      question: "Shall it be so?",
      options: labels.map(label => ({ label })),
      opensAt: new Date(Date.now() - 1_000).toISOString(),
      ...more,
    });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as Made;
  };

  /** Deletes the poll of this slug, once it may be deleted. */
  const remove = async (slug: string) => {
    await api(site, "POST", `/api/polls/${slug}/close`);
    await waitUntil(
      "the end of the poll",
      async () => (await api(site, "DELETE", `/api/polls/${slug}`)).status === 204,
      { withinMs: 20_000 },
    );
  };

  /** The next poll with this slug, once every front knows it: they remember for a second that there is none. */
  const replace = async (slug: string, labels: string[], more: object = {}): Promise<Made> => {
    await remove(slug);
    const made = await make(slug, labels, more);
    for (const { url } of site.fronts) {
      await waitUntil("the new poll", async () => {
        const answer = await fetch(`${url}/api/polls/${slug}/results`);
        return answer.ok && ((await answer.json()) as Made).edition === made.edition;
      });
    }
    return made;
  };

  const statusOf = async (response: Promise<Response>) => {
    const answer = await response;
    const text = await answer.text();
    return `${answer.status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ""}`.trim();
  };

  it("a vote, a change and a form from a page of the deleted poll are refused, and counted nowhere", async () => {
    const old = await make("weekly", ["Yes", "No"], { mayChange: true });
    const first = await vote(site.url, "weekly", { choices: ["1"] });
    const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
    const page = await (await fetch(`${site.url}/p/weekly`)).text();
    assert.match(page, new RegExp(`name="edition" value="${old.edition}"`));
    const now = await replace("weekly", ["No", "Yes"], { mayChange: true });
    assert.notEqual(now.edition, old.edition);
    const header = { "Floodgate-Edition": old.edition };
    for (const { url } of site.fronts) {
      const refused = "409 poll_replaced";
      const stale = { choices: ["1"], ballotId: randomUUID() };
      assert.equal(await statusOf(vote(url, "weekly", stale, header)), refused);
      assert.equal(
        await statusOf(vote(url, "weekly", { ...stale, edition: old.edition })),
        refused,
      );
      for (const choices of [["2"], []]) {
        const change = vote(url, "weekly", { choices, replaces: 0 }, { ...header, cookie });
        assert.equal(await statusOf(change), refused);
      }
      for (const fields of ["choice=1", "choice=1&replaces=0", "withdraw=yes&replaces=0"]) {
        const answer = await fetch(`${url}/api/polls/weekly/votes`, {
          method: "POST",
          headers: { ...form, cookie },
          body: `${fields}&edition=${old.edition}`,
        });
        assert.equal(answer.status, 409);
        const html = await answer.text();
        assert.match(html, /This poll has been replaced since you opened the page/);
        assert.match(html, new RegExp(`name="edition" value="${now.edition}"`));
      }
    }
    assert.equal((await results(site, "weekly")).ballots, 0);
    const seen = { "Floodgate-Edition": now.edition };
    assert.equal(await statusOf(vote(site.url, "weekly", { choices: ["1"] }, seen)), "202");
    assert.equal(await statusOf(vote(site.url, "weekly", { choices: ["1"] })), "202");
    assert.equal((await results(site, "weekly")).ballots, 2);
  });

  it("a client that read the options of a draft before they were replaced votes for none of the new ones", async () => {
    const draft = await make("soon", ["Tram", "Bus"], { opensAt: null });
    await api(site, "PATCH", "/api/polls/soon", { options: [{ label: "Bus" }, { label: "Tram" }] });
    await api(site, "POST", "/api/polls/soon/open");
    const stale = vote(site.url, "soon", { choices: ["1"], edition: draft.edition });
    assert.equal(await statusOf(stale), "409 poll_replaced");
    // Rules and closing times are not what readers vote on.
    const open = (await (await api(site, "GET", "/api/polls/soon")).json()) as Made;
    await api(site, "PATCH", "/api/polls/soon", { resultsAs: "percentages" });
    const fresh = vote(site.url, "soon", { choices: ["1"], edition: open.edition });
    assert.equal(await statusOf(fresh), "202");
  });

  it("an open stream of the deleted poll ends, and a page of it that asks again is told at once", async () => {
    const hidden = { resultsTo: "nobody" };
    const old = await make("nightly", ["Yes", "No"], hidden);
    const watching = fetch(`${site.url}/api/polls/nightly/results/stream`);
    const text = (await watching).text();
    const oldTag = (await fetch(`${site.url}/api/polls/nightly/results`)).headers.get("etag") ?? "";
    const now = await replace("nightly", ["No", "Yes"], hidden);
    assert.ok(!(await text).includes(now.edition), "the stream of the old poll shows the new one");
    const path = `${site.url}/api/polls/nightly/results`;
    const again = await fetch(path, { headers: { "If-None-Match": oldTag } });
    assert.equal(again.status, 200);
    const held = await fetch(`${path}?after=9007199254740991&wait=20`, {
      headers: { "Floodgate-Edition": old.edition },
    });
    assert.equal(((await held.json()) as Made).edition, now.edition);
    const reader = (
      await fetch(`${path}/stream`, {
        headers: { "Last-Event-ID": "9007199254740991" },
      })
    ).body?.getReader();
    let begun = "";
    while (!begun.includes("data: ")) begun += Buffer.from((await reader?.read())?.value ?? []);
    assert.ok(begun.includes(now.edition));
    await reader?.cancel();
  });

  it("pages, pictures and results of the new poll have other addresses or tags than those of the deleted one", async () => {
    const look = async (slug: string) => {
      const page = await (await fetch(`${site.url}/p/${slug}`)).text();
      return /og\.png\?v=[^"]+/.exec(page)?.[0];
    };
    await make("daily", ["Yes", "No"]);
    const before = await look("daily");
    await replace("daily", ["No", "Yes"]);
    const after = await look("daily");
    assert.ok(before && after);
    assert.notEqual(before, after);
  });
});
