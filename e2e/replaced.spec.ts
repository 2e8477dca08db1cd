/** A reader has a page of a poll that is deleted and made anew, under the same slug and with its options turned round. */
import type { Page } from "playwright/test";
import type { BrowserSite } from "./support/browser-site.ts";
import { expect, test } from "./support/fixtures.ts";

const sentence = /This poll has been replaced since you opened the page/;
const yes = { label: "Yes" };
const no = { label: "No" };

async function ask(site: BrowserSite, method: string, path: string): Promise<number> {
  const headers = { Authorization: `Bearer ${site.seeded.editor.apiToken}` };
  return (await fetch(`${site.url}/api/polls/${path}`, { method, headers })).status;
}

/** Deletes a poll, as soon as its votes are counted. */
async function remove(site: BrowserSite, slug: string): Promise<void> {
  await ask(site, "POST", `${slug}/close`);
  await expect.poll(() => ask(site, "DELETE", slug), { timeout: 20_000 }).toBe(204);
}

async function ballots(site: BrowserSite, slug: string): Promise<number> {
  const answer = await fetch(`${site.url}/api/polls/${slug}/results`);
  return ((await answer.json()) as { ballots: number }).ballots;
}

/** The card stays as it was loaded: nothing else tells the page that its poll is gone. */
const withoutNews = (page: Page) => page.route("**/results**", route => route.abort());

/** The vote did not count, and the new poll is shown with its own options, none of them chosen. */
async function expectReplaced(page: Page, site: BrowserSite, slug: string): Promise<void> {
  await expect(page.getByRole("status")).toHaveText(sentence);
  await expect(page.getByRole("radio").first()).toHaveAccessibleName("No");
  await expect(page.getByRole("radio", { checked: true })).toHaveCount(0);
  expect(await ballots(site, slug)).toBe(0);
}

for (const where of ["p", "embed"]) {
  test(`a vote from an old page is not counted, and shows the new poll (/${where})`, async ({
    page,
    newPoll,
    site,
  }) => {
    const slug = `old-${where}`;
    await newPoll({ slug, options: [yes, no] });
    await withoutNews(page);
    await page.goto(`/${where}/${slug}`);
    await page.getByLabel("Yes", { exact: true }).check();
    await remove(site, slug);
    await newPoll({ slug, options: [no, yes] });
    await page.getByRole("button", { name: "Vote" }).click();
    await expectReplaced(page, site, slug);
    await page.getByLabel("Yes", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
    expect(await ballots(site, slug)).toBe(1);
  });
}

test("the results of a deleted poll give way to the new poll, whose reader has not voted", async ({
  page,
  newPoll,
  site,
}) => {
  const slug = "old-results";
  await newPoll({ slug, options: [yes, no] });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("Yes", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
  const other = await page.context().newPage();
  await other.goto(`/p/${slug}/results`);
  await remove(site, slug);
  await newPoll({ slug, options: [no, yes] });
  // A front may remember the poll for a second.
  await expect(async () => {
    await other.goto(`/p/${slug}`);
    await expect(other.getByRole("button", { name: "Vote" })).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(other.getByText("No reader has voted yet.")).toBeVisible();
});

test("an open page of results turns to the new poll when it is back on line", async ({
  page,
  newPoll,
  site,
}) => {
  const slug = "old-live";
  await newPoll({ slug, options: [yes, no] });
  await page.goto(`/p/${slug}/results`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.context().setOffline(true);
  await remove(site, slug);
  await newPoll({ slug, options: [no, yes] });
  await page.context().setOffline(false);
  await expect(page.getByText(sentence)).toBeVisible({ timeout: 20_000 });
  await expect(page).toHaveURL(/replaced/);
  await expect(page.getByRole("radio").first()).toHaveAccessibleName("No");
});

test("a vote that waited in the browser is not sent to another poll", async ({
  page,
  newPoll,
  site,
}) => {
  const slug = "old-pending";
  await newPoll({ slug, options: [yes, no] });
  await page.route("**/votes", route => route.abort());
  await page.goto(`/p/${slug}`);
  await page.getByLabel("Yes", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText(/You seem to be offline/)).toBeVisible();
  await remove(site, slug);
  await newPoll({ slug, options: [no, yes] });
  await page.unroute("**/votes");
  await page.goto(`/p/${slug}`);
  await expect(page.getByRole("status")).toHaveText(sentence);
  await expect(page.getByRole("radio", { checked: true })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("status")).toBeHidden();
  expect(await ballots(site, slug)).toBe(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("without JavaScript, a form of the old poll is answered with the new one", async ({
    page,
    newPoll,
    site,
  }) => {
    const slug = "old-form";
    await newPoll({ slug, options: [yes, no] });
    await page.goto(`/p/${slug}`);
    await page.getByLabel("Yes", { exact: true }).check();
    await remove(site, slug);
    await newPoll({ slug, options: [no, yes] });
    await page.getByRole("button", { name: "Vote" }).click();
    await expectReplaced(page, site, slug);
  });
});
