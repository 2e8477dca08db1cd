/** Polls in another site's articles, in a browser that blocks third-party cookies. */
import type { FrameLocator, Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { article, element, frame, test, vote } from "./support/elsewhere.ts";
import { expect, watchConsole } from "./support/fixtures.ts";

/** Whatever is tried in this browser from now on, the poll has one ballot, and this choice is shown. */
async function expectOneBallot(page: Page, poll: FrameLocator, label: string): Promise<void> {
  await page.reload();
  await expect(poll.locator("[data-mine]")).toContainText(label);
  await expect(poll.getByText("1 reader has voted.")).toBeVisible();
  // As if the page had been kept from before the vote, and knew nothing of it.
  await poll.locator("body").evaluate(() => {
    for (const part of document.querySelectorAll<HTMLElement>("[data-part=vote]")) {
      part.hidden = false;
    }
  });
  await poll.getByLabel("Yes, all year round", { exact: true }).check();
  await poll.getByRole("button", { name: "Vote" }).click();
  await expect(poll.getByText("You have already voted in this poll.")).toBeVisible();
  await expect(poll.locator("[data-mine]")).toContainText(label);
  await expect(poll.getByText("1 reader has voted.")).toBeVisible();
}

test("an embed takes one ballot per reader with a partitioned cookie", async ({
  site,
  strictPage: page,
  secureArticles,
  newPoll,
}) => {
  const origin = `https://localhost:${site.secure.tlsPort}`;
  const slug = await newPoll();
  await page.goto(secureArticles.publish(article(origin, element(slug))));
  await vote(frame(page), "No");
  const cookies = await page.context().cookies();
  const [cookie] = cookies as ((typeof cookies)[number] & { partitionKey?: string })[];
  expect(cookie).toMatchObject({ name: "__Host-fg_voter", httpOnly: true, sameSite: "None" });
  expect(cookie?.partitionKey).toBe("https://127.0.0.1");
  await expectOneBallot(page, frame(page), "No");
});

test("an embed takes one ballot per reader in a browser that stores no cookie", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(articles.publish(article(origin, element(slug))));
  await vote(frame(page), "No");
  expect(await page.context().cookies()).toEqual([]);
  await expectOneBallot(page, frame(page), "No");
});

test("a reader changes and withdraws a vote in an embed, with and without a cookie", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const slug = await newPoll({ mayChange: true });
  await page.goto(articles.publish(article(origin, element(slug))));
  const poll = frame(page);
  await vote(poll, "No");
  await page.reload();
  await poll.getByRole("link", { name: "Change my vote" }).click();
  await expect(poll.getByLabel("No", { exact: true })).toBeChecked();
  await poll.getByLabel("Yes, all year round", { exact: true }).check();
  await poll.getByRole("button", { name: "Change my vote" }).click();
  await expect(poll.locator("[data-mine]")).toContainText("Yes, all year round");
  await expect(poll.getByText("1 reader has voted.")).toBeVisible();
  expect(await page.context().cookies()).toEqual([]);

  await poll.getByRole("button", { name: "Withdraw my vote" }).click();
  await expect(poll.getByText("No reader has voted yet.")).toBeVisible();
  await page.reload();
  await vote(poll, "No");
  await expect(poll.getByText("1 reader has voted.")).toBeVisible();
});

test("an embed shows live results for voters to a voter without a cookie", async ({
  origin,
  page,
  articles,
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll({ resultsTo: "voters" });
  await page.goto(articles.publish(article(origin, element(slug))));
  await vote(frame(page), "No");
  await expect(frame(page).getByText("1 reader has voted.")).toBeVisible();
  for (const [index, choice] of ["1", "3"].entries()) {
    const data = { choices: [choice], ballotId: crypto.randomUUID() };
    await request.post(`${site.url}/api/polls/${slug}/votes`, { data, headers: { Cookie: "" } });
    await expect(frame(page).getByText(`${index + 2} readers have voted.`)).toBeVisible();
  }
});

test("the frame reserves its height from the start, and then follows the poll's height, down too", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  watchConsole(page);
  const slug = await newPoll();
  await page.goto(articles.publish(article(origin, element(slug, 'height="700"'))));
  const iframe = page.locator("iframe");
  const heightOf = async () => (await iframe.boundingBox())?.height ?? 0;
  const heightInside = () =>
    frame(page)
      .locator("body")
      .evaluate(body => Math.ceil(body.getBoundingClientRect().height));
  await expect.poll(heightOf).toBeLessThan(690);
  expect(await heightOf()).toBe(await heightInside());
  await page.setViewportSize({ width: 320, height: 800 });
  await expect.poll(async () => (await heightOf()) === (await heightInside())).toBe(true);
  await vote(frame(page), "No");
  await expect.poll(async () => (await heightOf()) === (await heightInside())).toBe(true);
  await expectAccessible(page);
});

test("embed.js ignores heights from other frames, and limits extreme ones", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const slug = await newPoll();
  const other = articles.publish(
    "<title>x</title><script>parent.postMessage({floodgate:'height',height:5},'*')</script>",
  );
  const html = `${element(slug)}<iframe id="other" title="x" src="${other}"></iframe>`;
  await page.goto(articles.publish(article(origin, html)));
  await expect(frame(page).getByRole("button", { name: "Vote" })).toBeVisible();
  const other5 = page.locator("#other");
  expect((await other5.boundingBox())?.height).toBeGreaterThan(100);
  await page
    .locator("iframe")
    .first()
    .evaluate(iframe => {
      const heights: string[] = [];
      Object.assign(window, { heights });
      new MutationObserver(() => heights.push(getComputedStyle(iframe).height)).observe(iframe, {
        attributes: true,
      });
    });
  for (const height of [1e9, Number.NaN, "9", null]) {
    await frame(page)
      .locator("body")
      .evaluate((_, value) => {
        window.parent.postMessage({ floodgate: "height", height: value }, "*");
      }, height);
  }
  // The frame then says its real height again.
  const heights = () => page.evaluate(() => (window as unknown as { heights: string[] }).heights);
  await expect.poll(heights).toContain("8000px");
  for (const height of await heights()) expect(Number.parseFloat(height)).toBeLessThanOrEqual(8000);
});

test("all embeds of a poll in an article show a vote cast in one of them", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const [slug, other] = [await newPoll(), await newPoll()];
  const body = element(slug) + element(other) + element(slug);
  await page.setViewportSize({ width: 800, height: 2000 });
  await page.goto(articles.publish(article(origin, body)));
  await vote(frame(page, 0), "No");
  await expect(frame(page, 2).locator("[data-mine]")).toContainText("No");
  await expect(frame(page, 2).getByText("1 reader has voted.")).toBeVisible();
  await expect(frame(page, 1).getByRole("button", { name: "Vote" })).toBeVisible();
});

test("an embed takes colours, fonts and theme from the article, and nothing else", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const slug = await newPoll();
  const style =
    '--floodgate-accent: rgb(155, 34, 38); --floodgate-font: Courier; --floodgate-text: url("x")';
  await page.goto(
    articles.publish(article(origin, element(slug, `theme="dark" style='${style}'`))),
  );
  const card = frame(page).locator(".poll");
  await expect(card).toHaveCSS("border-top-color", "rgb(155, 34, 38)");
  await expect(card).toHaveCSS("font-family", "Courier");
  await expect(card).toHaveCSS("background-color", "rgb(28, 27, 25)");
  await expect(card).toHaveCSS("color", "rgb(241, 239, 234)");
  await page.locator("floodgate-poll").evaluate(poll => poll.setAttribute("theme", "light"));
  await expect(card).toHaveCSS("background-color", "rgb(255, 255, 255)");
});

test("an embed links to the poll's own page where the browser stores nothing", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  const slug = await newPoll();
  const html = `<iframe sandbox="allow-scripts" title="Poll" src="${origin}/embed/${slug}"></iframe>`;
  await page.goto(articles.publish(article(origin, html)));
  await expect(frame(page).getByRole("link", { name: "Vote at The Harbour Post" })).toHaveAttribute(
    "href",
    `/p/${slug}`,
  );
  await expect(frame(page).getByRole("button", { name: "Vote" })).toHaveCount(0);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("an embed without script takes the vote and stays in its frame", async ({
    site,
    browser,
    secureArticles,
    newPoll,
  }) => {
    const origin = `https://localhost:${site.secure.tlsPort}`;
    const context = await browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const slug = await newPoll();
    const html = `<iframe title="Poll" width="600" height="600" src="${origin}/embed/${slug}"></iframe>`;
    await page.goto(secureArticles.publish(article(origin, html)));
    await frame(page).getByLabel("No", { exact: true }).check();
    await frame(page).getByRole("button", { name: "Vote" }).click();
    await expect(frame(page).locator("[data-mine]")).toContainText("No");
    const [, inner] = page.frames();
    expect(new URL(inner?.url() ?? "").pathname).toBe(`/embed/${slug}/results`);
    await expect(frame(page).getByText("Your vote is in. Thank you.")).toBeVisible();
    await expect(frame(page).getByText("Live", { exact: true })).toHaveCount(0);
    await page.reload();
    await expect(frame(page).locator("[data-mine]")).toContainText("No");
    await expect(frame(page).getByRole("link", { name: "Receipt for your vote" })).toBeVisible();
    await context.close();
  });
});
