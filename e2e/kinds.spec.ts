/** Ranked and rated polls: voting with and without JavaScript, and what comes out of it. */
import type { APIRequestContext } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

const labels = ["Ada", "Ben", "Cem", "Dora"].map(label => ({ label }));

async function vote(request: APIRequestContext, url: string, slug: string, choices: string[]) {
  const response = await request.post(`${url}/api/polls/${slug}/votes`, {
    data: { choices, ballotId: crypto.randomUUID() },
    // Each ballot from somebody else.
    headers: { Cookie: "" },
  });
  expect(response.status()).toBe(202);
  return (await response.json()).results;
}

test("counts first choices and points at once, and runs the rounds from MySQL", async ({
  playwright,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ kind: "ranked", options: labels });
  const ballots = [
    ...Array.from({ length: 4 }, () => ["1", "2", "3", "4"]),
    ...Array.from({ length: 3 }, () => ["2", "3"]),
    ...Array.from({ length: 2 }, () => ["3", "2", "1"]),
  ];
  for (const choices of ballots) {
    const stranger = await playwright.request.newContext();
    await vote(stranger, site.url, slug, choices);
    await stranger.dispose();
  }
  const request = await playwright.request.newContext();
  await expect(async () => {
    const results = await (await request.get(`${site.url}/api/polls/${slug}/results`)).json();
    expect(results.options.map((option: { votes: number }) => option.votes)).toEqual([4, 3, 2, 0]);
    // 4 × 3 + 2 × 1; 4 × 2 + 3 × 3 + 2 × 2; 4 × 1 + 3 × 2 + 2 × 3; nothing.
    expect(results.options.map((option: { points: number }) => option.points)).toEqual([
      14, 21, 16, 0,
    ]);
    expect(results.runoff).toMatchObject({
      winner: "2",
      rounds: [
        { votes: { 1: 4, 2: 3, 3: 2, 4: 0 }, exhausted: 0, out: "4" },
        { votes: { 1: 4, 2: 3, 3: 2 }, exhausted: 0, out: "3" },
        { votes: { 1: 4, 2: 5 }, exhausted: 0, out: null },
      ],
    });
  }).toPass();
  await request.dispose();
});

test("adds grades up, each to its option", async ({ playwright, site, newPoll }) => {
  const slug = await newPoll({ kind: "rating", options: labels });
  let results = { options: [] as object[] };
  for (const choices of [["1:5", "2:1"], ["1:4"], ["2:2", "1:5"]]) {
    const stranger = await playwright.request.newContext();
    results = await vote(stranger, site.url, slug, choices);
    await stranger.dispose();
  }
  expect(results.options).toMatchObject([
    { votes: 3, mean: 4.67, grades: [0, 0, 0, 1, 2] },
    { votes: 2, mean: 1.5, grades: [1, 1, 0, 0, 0] },
    { votes: 0, mean: null },
    { votes: 0, mean: null },
  ]);
});

test("refuses ballots of another kind", async ({ request, site, newPoll }) => {
  const ranked = await newPoll({ kind: "ranked", options: labels });
  const rating = await newPoll({ kind: "rating", options: labels });
  const choice = await newPoll({ options: labels });
  for (const [slug, choices] of [
    [ranked, ["1:2"]],
    [ranked, ["1", "1"]],
    [rating, ["1"]],
    [rating, ["1:5", "1:4"]],
    [choice, ["1:1"]],
  ] as const) {
    const response = await request.post(`${site.url}/api/polls/${slug}/votes`, {
      data: { choices, ballotId: crypto.randomUUID() },
    });
    expect(response.status(), `${choices}`).toBe(400);
  }
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a reader ranks options", async ({ page, newPoll }) => {
      if (javaScriptEnabled) watchConsole(page);
      const slug = await newPoll({ kind: "ranked", options: labels });
      await page.goto(`/p/${slug}`);
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByRole("status")).toContainText("Rank one or more options");
      await page.getByLabel("Cem").selectOption("1");
      await page.getByLabel("Ada").selectOption("2");
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByText("Your vote: Cem and Ada")).toBeVisible();
      await expect(page.getByRole("listitem").filter({ hasText: "Cem" })).toContainText("100%");
      await expect(page.getByRole("heading", { name: /^Instant-runoff/ })).toBeVisible();
      if (!javaScriptEnabled) return;
      await expect(page.getByRole("row", { name: "Cem 1" })).toBeVisible();
      await expect(page.getByText(/^Computed at \d\d:\d\d:\d\d\.$/)).toBeVisible();
      await expectAccessible(page);
    });

    test("a reader gives grades", async ({ page, newPoll }) => {
      if (javaScriptEnabled) watchConsole(page);
      const slug = await newPoll({ kind: "rating", options: labels });
      await page.goto(`/p/${slug}`);
      await page.getByRole("radiogroup", { name: "Ben" }).getByRole("radio", { name: "4" }).check();
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByText("Your vote: Ben 4")).toBeVisible();
      await expect(page.getByRole("listitem").filter({ hasText: "Ben" })).toContainText("1 rating");
      if (javaScriptEnabled) await expectAccessible(page);
    });
  });
}

test("with JavaScript, a rank belongs to one option only", async ({ page, newPoll }) => {
  const slug = await newPoll({ kind: "ranked", options: labels });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("Cem").selectOption("1");
  await page.getByLabel("Ada").selectOption("1");
  await expect(page.getByLabel("Cem")).toHaveValue("");
});
