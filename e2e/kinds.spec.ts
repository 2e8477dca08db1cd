/** Ranked and rated polls: voting with and without JavaScript, and what comes out of it. */
import type { APIRequestContext } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

const labels = ["Ada", "Ben", "Cem", "Dora"].map(label => ({ label }));

async function vote(request: APIRequestContext, url: string, slug: string, choices: string[]) {
  const response = await request.post(`${url}/api/polls/${slug}/votes`, {
    data: { choices, ballotId: crypto.randomUUID() },
    // Each ballot comes from another voter.
    headers: { Cookie: "" },
  });
  expect(response.status()).toBe(202);
  return (await response.json()).results;
}

test("a ranked poll counts first choices and points at once, and runoff rounds from MySQL", async ({
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

test("a rating poll adds each grade to its option", async ({ playwright, site, newPoll }) => {
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

test("a poll refuses ballots of another kind", async ({ request, site, newPoll }) => {
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
  const script = `${javaScriptEnabled ? "with" : "without"} script`;

  test.describe(`kinds of polls ${script}`, () => {
    test.use({ javaScriptEnabled });

    test(`a reader ranks options ${script}`, async ({ page, newPoll }) => {
      if (javaScriptEnabled) watchConsole(page);
      const slug = await newPoll({ kind: "ranked", options: labels });
      await page.goto(`/p/${slug}`);
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByRole("status")).toContainText("Rank one or more options");
      if (javaScriptEnabled) {
        await page.getByRole("button", { name: "Move “Cem” up" }).click();
        await page.getByText("Ada", { exact: true }).first().click();
      } else {
        await page.getByRole("combobox", { name: "Cem" }).selectOption("1");
        await page.getByRole("combobox", { name: "Ada" }).selectOption("2");
      }
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByText("Your vote: 1. Cem and 2. Ada")).toBeVisible();
      await expect(page.getByRole("listitem").filter({ hasText: "Cem" })).toContainText("100%");
      await expect(page.getByRole("heading", { name: /^Instant-runoff/ })).toBeVisible();
      if (!javaScriptEnabled) return;
      await expect(page.getByRole("row", { name: "Cem leads 1" })).toBeVisible();
      await expect(page.getByText(/^Calculated at \d\d:\d\d:\d\d\.$/)).toBeVisible();
      await expectAccessible(page);
    });

    test(`a reader gives grades ${script}`, async ({ page, newPoll }) => {
      if (javaScriptEnabled) watchConsole(page);
      const slug = await newPoll({ kind: "rating", options: labels });
      await page.goto(`/p/${slug}`);
      await page.getByRole("radiogroup", { name: "Ben" }).getByRole("radio", { name: "4" }).check();
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Vote" }).click();
      await expect(page.getByText("Your vote: Ben (4)")).toBeVisible();
      await expect(page.getByRole("listitem").filter({ hasText: "Ben" })).toContainText("1 rating");
      if (javaScriptEnabled) await expectAccessible(page);
    });
  });
}

test("options are ranked by keyboard alone, and each new rank is announced", async ({
  page,
  newPoll,
}) => {
  watchConsole(page);
  const slug = await newPoll({ kind: "ranked", options: labels });
  await page.goto(`/p/${slug}`);
  const up = (label: string) => page.getByRole("button", { name: `Move “${label}” up` });
  const down = (label: string) => page.getByRole("button", { name: `Move “${label}” down` });
  const order = () =>
    page
      .locator(".poll-ranked")
      .evaluateAll(rows =>
        rows.map(row => `${row.getAttribute("data-rank")} ${row.getAttribute("data-label")}`),
      );
  await up("Dora").focus();
  await page.keyboard.press("Enter");
  expect(await order()).toEqual(["1 Dora", "– Ada", "– Ben", "– Cem"]);
  await expect(page.getByText("“Dora”: number 1")).toBeAttached();
  await expect(up("Dora")).toBeFocused();
  await up("Ben").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  expect(await order()).toEqual(["1 Ben", "2 Dora", "– Ada", "– Cem"]);
  // The first option stays in place, and so does its button.
  await page.keyboard.press("Enter");
  await expect(up("Ben")).toBeFocused();
  await expect(up("Ben")).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expect(down("Ben")).toBeFocused();
  expect(await order()).toEqual(["1 Dora", "2 Ben", "– Ada", "– Cem"]);
  await page.keyboard.press("Space");
  expect(await order()).toEqual(["1 Dora", "– Ada", "– Ben", "– Cem"]);
  await expect(page.getByText("“Ben”: not ranked")).toBeAttached();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Vote" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your vote: 1. Dora")).toBeVisible();
});

test("a reload keeps the ranks of a vote that is still being sent", async ({ page, newPoll }) => {
  const slug = await newPoll({ kind: "ranked", options: labels });
  await page.route("**/votes", route => route.fulfill({ status: 503, body: "{}" }));
  await page.goto(`/p/${slug}`);
  await page.getByRole("button", { name: "Move “Cem” up" }).click();
  await page.getByRole("button", { name: "Move “Ada” up" }).click();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toContainText("Many people are voting");
  await page.reload();
  await expect(page.locator(".poll-ranked").first()).toHaveAttribute("data-label", "Cem");
  await page.unroute("**/votes");
  await expect(page.getByText("Your vote: 1. Cem and 2. Ada")).toBeVisible({ timeout: 15_000 });
});

test("the studio shows points and rounds, averages and grades", async ({
  page,
  site,
  request,
  newPoll,
}) => {
  const ranked = await newPoll({ kind: "ranked", options: labels });
  const rating = await newPoll({ kind: "rating", options: labels });
  await vote(request, site.url, ranked, ["2", "1"]);
  await vote(request, site.url, rating, ["1:4"]);
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${rating}`);
  await expect(page.getByRole("row", { name: "Ada leads 4.00 1 0 1 0 0 0" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Ben – 0 0 0 0 0 0" })).toBeVisible();
  await expectAccessible(page);
  await expect(async () => {
    await page.goto(`/studio/polls/${ranked}`);
    await expect(page.getByRole("row", { name: "Ben leads 1 100% 3" })).toBeVisible();
    await expect(page.getByRole("row", { name: "Ben leads 1", exact: true })).toBeVisible({
      timeout: 1_000,
    });
  }).toPass();
  await expectAccessible(page);
});
