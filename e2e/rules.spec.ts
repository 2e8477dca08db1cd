/** An editor's rules about results: pages, API and stream apply the same ones. */
import type { APIRequestContext } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

const numbers = /\d+%|\d+ votes?/;

/** The answers of the API and the stream to a request without a cookie. */
async function seenByApi(request: APIRequestContext, url: string, slug: string) {
  const results = `${url}/api/polls/${slug}/results`;
  const body = await (await request.get(results)).json();
  const held = await (await request.get(`${results}?after=0&wait=1`)).json();
  const stream = await fetch(`${results}/stream`);
  const reader = stream.body?.getReader();
  let text = "";
  while (!text.includes("event: results") || !text.endsWith("\n\n")) {
    text += Buffer.from((await reader?.read())?.value ?? []).toString();
  }
  await reader?.cancel();
  const event = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "{}");
  return [body, held, event];
}

for (const resultsTo of ["voters", "after_close", "from_date", "staff", "nobody"]) {
  test(`results for ${resultsTo} are hidden from everyone else`, async ({
    page,
    request,
    site,
    newPoll,
    closePoll,
  }) => {
    const slug = await newPoll({
      resultsTo,
      ...(resultsTo === "from_date" && {
        resultsFrom: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    });
    const vote = await request.post(`${site.url}/api/polls/${slug}/votes`, {
      data: { choices: ["3"], ballotId: crypto.randomUUID() },
    });
    const answer = await vote.json();
    expect(answer.results.hidden).toBe(resultsTo === "voters" ? null : resultsTo);
    expect(answer.results.options).toHaveLength(resultsTo === "voters" ? 4 : 0);
    const stranger = await page.context().browser()?.newContext();
    if (!stranger) throw new Error("no browser");
    for (const seen of await seenByApi(stranger.request, site.url, slug)) {
      expect(seen).toMatchObject({ hidden: resultsTo, ballots: null, options: [] });
    }
    for (const path of [`/p/${slug}`, `/p/${slug}/results`, `/embed/${slug}/results`]) {
      await page.goto(path);
      await expect(page.getByText(numbers)).toHaveCount(0);
      await expect(page.getByText("See results without voting")).toHaveCount(0);
    }
    await page.goto(`/p/${slug}/results`);
    await expect(
      page.getByText(/^(Only readers who|Results will be shown|The newsroom does not)/),
    ).toBeVisible();
    // Nothing is seen to move: that is not live, and there is nothing to pause.
    await expect(page.getByText("Live", { exact: true })).toHaveCount(0);
    await expect(page.getByText("Reader poll", { exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: "Pause updates" })).toHaveCount(0);
    await expectAccessible(page);

    const staff = await request.get(`${site.url}/api/polls/${slug}/results`, {
      headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
    });
    expect((await staff.json()).hidden).toBe(resultsTo === "nobody" ? "nobody" : null);
    if (resultsTo !== "nobody") {
      expect(staff.headers()["cache-control"]).toContain("no-store");
    }

    await closePoll(slug);
    await expect(async () => {
      const [body] = await seenByApi(stranger.request, site.url, slug);
      expect(["closing", "final"]).toContain(body.state);
      const over = resultsTo === "voters" || resultsTo === "after_close";
      expect(body.hidden).toBe(over ? null : resultsTo);
    }).toPass();
    await stranger.close();
  });
}

test("results for voters are shown as soon as the reader has voted", async ({ page, newPoll }) => {
  watchConsole(page);
  const slug = await newPoll({ resultsTo: "voters" });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "No" }).first()).toContainText("100%");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.goto(`/p/${slug}/results`);
  await expect(page.getByRole("listitem").filter({ hasText: "No" }).first()).toContainText("100%");
});

test("pages, API and stream show percentages only, or counts only, as the rule says", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  for (const [resultsAs, shown, hidden] of [
    ["percentages", "100%", "1 vote"],
    ["counts", "1 vote", "100%"],
  ] as const) {
    const slug = await newPoll({ resultsAs });
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByText(shown, { exact: true })).toBeVisible();
    await expect(page.getByText(hidden, { exact: true })).toHaveCount(0);
    for (const seen of await seenByApi(request, site.url, slug)) {
      const { votes, share } = seen.options[2];
      expect([votes, share, seen.ballots]).toEqual(
        resultsAs === "counts" ? [1, null, 1] : [null, 100, null],
      );
    }
  }
});

for (const javaScriptEnabled of [true, false]) {
  const script = `${javaScriptEnabled ? "with" : "without"} script`;

  test.describe(`after the vote, ${script}`, () => {
    test.use({ javaScriptEnabled });

    test(`the reader sees the editor's text or link after the vote, ${script}`, async ({
      page,
      newPoll,
    }) => {
      const text = await newPoll({ afterVote: "text", afterVoteText: "The draw is on Friday." });
      const link = await newPoll({
        afterVote: "link",
        afterVoteText: "Read why it matters",
        afterVoteLink: "https://news.example/harbour",
      });
      for (const slug of [text, link]) {
        await page.goto(`/p/${slug}`);
        await page.getByLabel("No", { exact: true }).check();
        await page.getByRole("button", { name: "Vote" }).click();
        await expect(page.getByText("Your vote: No")).toBeVisible();
        await expect(page.getByText("100%", { exact: true })).toBeHidden();
        if (slug === text) await expect(page.getByText("The draw is on Friday.")).toBeVisible();
        else {
          await expect(page.getByRole("link", { name: "Read why it matters" })).toHaveAttribute(
            "href",
            "https://news.example/harbour",
          );
        }
        if (javaScriptEnabled) await expectAccessible(page);
        await page.getByRole("link", { name: "Results", exact: true }).click();
        await expect(page.getByText("100%", { exact: true })).toBeVisible();
      }
    });
  });
}

test("a link after the vote must be https", async ({ request, site }) => {
  for (const afterVoteLink of ["http://news.example/", "javascript:alert(1)", "https://a b/"]) {
    const response = await request.post(`${site.url}/api/polls`, {
      headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
      data: {
        question: "Where to?",
        options: [{ label: "Here" }, { label: "There" }],
        afterVote: "link",
        afterVoteLink,
      },
    });
    expect(response.status()).toBe(400);
  }
});
