/** What readers and editors are told when options are level. */
import type { APIRequest } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

const labels = ["Ada", "Ben"].map(label => ({ label }));

async function vote(strangers: APIRequest, url: string, slug: string, choices: string[]) {
  const stranger = await strangers.newContext();
  const data = { choices, ballotId: crypto.randomUUID() };
  const response = await stranger.post(`${url}/api/polls/${slug}/votes`, { data });
  expect(response.status()).toBe(202);
  await stranger.dispose();
}

const tied =
  /^“Ada” and “Ben” are tied for first place: 50% of 2 readers each \(as of .*\d{4}.*\)\.$/;

test("a tie of 1 : 1 names both options on the page, in its preview, live and in the studio", async ({
  page,
  playwright,
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll({ options: labels });
  await page.goto(`/p/${slug}/results`);
  for (const choice of ["1", "2"]) await vote(playwright.request, site.url, slug, [choice]);
  const live = page.getByText(tied);
  await expect(live).toBeVisible();
  const sentence = await live.textContent();
  await expect(async () => {
    await page.reload();
    const preview = page.locator('meta[property="og:description"]');
    await expect(preview).toHaveAttribute("content", tied);
    await expect(page.getByText(tied)).toBeVisible();
  }).toPass();
  // The same words, written by the script and by the server.
  const served = (await page.getByText(tied).textContent()) ?? "";
  expect(served.replace(/\(.*/, "")).toBe(sentence?.replace(/\(.*/, ""));
  const results = await (await request.get(`/api/polls/${slug}/results`)).json();
  expect(results.outcome).toMatchObject({ status: "tied", final: false, options: ["1", "2"] });
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await expect(page.getByRole("row", { name: "Ada tied 1 50%" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Ben tied 1 50%" })).toBeVisible();
});

test("a runoff that nothing decides has no winner, and its round says so", async ({
  page,
  playwright,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ kind: "ranked", options: labels });
  await page.goto(`/p/${slug}/results`);
  await vote(playwright.request, site.url, slug, ["1", "2"]);
  await vote(playwright.request, site.url, slug, ["2", "1"]);
  await expect(page.getByRole("row", { name: "Ada tied 1" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Ben tied 1" })).toBeVisible();
  await expect(
    page.getByText(/^Round 1: “Ada” and “Ben” tied\. .* so the result is a tie\.$/),
  ).toBeVisible();
  await expect(
    page.getByText(/^“Ada” and “Ben” are tied .*: 50% each in round 1 \(/),
  ).toBeVisible();
  await expect(
    page.getByText(/^In each round, the option with the fewest votes goes out/),
  ).toBeVisible();
  await expectAccessible(page);
});

test("three equal options have equal percentages", async ({ page, playwright, site, newPoll }) => {
  const slug = await newPoll({ options: [...labels, { label: "Cem" }] });
  for (const choice of ["1", "2", "3"]) await vote(playwright.request, site.url, slug, [choice]);
  await expect(async () => {
    await page.goto(`/p/${slug}/results`);
    await expect(page.getByText("33%", { exact: true })).toHaveCount(3, { timeout: 1_000 });
  }).toPass();
  await expect(page.getByText(/Percentages are rounded\./)).toBeVisible();
});

test("a right-to-left name keeps its order in the sentence", async ({
  page,
  playwright,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ options: [{ label: "שלום (1)!" }, { label: "Ben" }] });
  await vote(playwright.request, site.url, slug, ["1"]);
  await expect(async () => {
    await page.goto(`/p/${slug}/results`);
    await expect(page.getByText("“\u2068שלום (1)!\u2069” leads: 100% of 1 reader")).toBeVisible({
      timeout: 1_000,
    });
  }).toPass();
});
