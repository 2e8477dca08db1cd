/** Another site's articles for tests, and browsers that treat our site in them as a third party. */
import { chromium, type FrameLocator, type Page } from "playwright/test";
import config from "../../playwright.config.ts";
import { type Articles, startArticles, startSecureArticles } from "./articles.ts";
import { test as base, expect } from "./fixtures.ts";

const { launchOptions } = config.use ?? {};

interface Elsewhere {
  readonly articles: Articles;
  readonly secureArticles: Articles;
  /** A page of a browser that blocks third-party cookies, and denies storage with them. */
  readonly strictPage: Page;
}

async function usePage(arg: string, use: (page: Page) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), arg],
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
  await use(await context.newPage());
  await browser.close();
}

export const test = base.extend<Elsewhere>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern
  articles: async ({}, use) => {
    const articles = await startArticles();
    await use(articles);
    await articles.close();
  },
  secureArticles: async ({ site }, use) => {
    const articles = await startSecureArticles(site.secure);
    await use(articles);
    await articles.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above
  strictPage: async ({}, use) => usePage("--test-third-party-cookie-phaseout", use),
  /** Third parties get storage of their own, and no unpartitioned cookies: as in Safari and Firefox. */
  // biome-ignore lint/correctness/noEmptyPattern: as above
  page: async ({}, use) => usePage("--disable-features=BlockThirdPartyCookiesInIncognito", use),
});

export const article = (origin: string, body: string): string =>
  `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
   <title>An article</title><script async src="${origin}/embed.js"></script>
   <main><h1>An article</h1>${body}<p id="below">The text goes on.</p></main></html>`;

export const element = (slug: string, more = "") =>
  `<floodgate-poll poll="${slug}" ${more}></floodgate-poll>`;
export const frame = (page: Page, index = 0): FrameLocator =>
  page.frameLocator("iframe").nth(index);

/** Votes by the script. */
export async function vote(poll: FrameLocator, label: string): Promise<void> {
  await poll.getByLabel(label, { exact: true }).check();
  await poll.getByRole("button", { name: "Vote" }).click();
  await expect(poll.getByText("Your vote is in. Thank you.")).toBeVisible();
}
