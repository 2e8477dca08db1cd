/** Several tabs of one browser: each shows the reader's vote with its receipt. */
import type { FrameLocator, Page } from "playwright/test";
import { article, element, frame, test, vote } from "./support/elsewhere.ts";
import { expect } from "./support/fixtures.ts";

test("every tab of a browser shows the vote and its receipt, in embeds and on the poll's page", async ({
  origin,
  page,
  articles,
  newPoll,
}) => {
  test.setTimeout(60_000);
  const slug = await newPoll();
  const embedded = articles.publish(article(origin, element(slug)));
  const early = await page.context().newPage();
  await early.goto(embedded);
  await expect(frame(early).getByRole("button", { name: "Vote" })).toBeVisible();
  await page.goto(embedded);
  await page.bringToFront();
  await vote(frame(page), "No");
  const receipt = (tab: FrameLocator | Page) =>
    tab.getByRole("link", { name: "Receipt for your vote" });
  const href = (await receipt(frame(page)).getAttribute("href")) ?? "";
  expect(href).toMatch(/^\/receipt\/[0-9a-v-]{35}$/);
  const late = await page.context().newPage();
  await late.goto(embedded);
  const shown = async (tab: FrameLocator | Page, address = href) => {
    await expect(tab.locator("[data-mine]")).toContainText("No");
    await expect(receipt(tab)).toBeVisible();
    await expect(receipt(tab)).toHaveAttribute("href", address);
  };
  for (const tab of [early, late, page]) {
    // As a reader does: the browser draws nothing in a tab behind another.
    await tab.bringToFront();
    await shown(frame(tab));
    await tab.reload();
    await shown(frame(tab));
  }
  // The refusal of a second vote names no receipt.
  await late.bringToFront();
  await frame(late)
    .locator("[data-part=vote]")
    .evaluate((form: HTMLElement) => {
      form.hidden = false;
    });
  await frame(late).getByLabel("I don’t go there").check();
  await frame(late).getByRole("button", { name: "Vote" }).click();
  await expect(frame(late).getByText("You have already voted in this poll.")).toBeVisible();
  await shown(frame(late));

  const other = await newPoll();
  await Promise.all([early, late].map(tab => tab.goto(`${origin}/p/${other}`)));
  await late.getByLabel("No", { exact: true }).check();
  await late.getByRole("button", { name: "Vote" }).click();
  await expect(receipt(late)).toBeVisible();
  const ofPage = (await receipt(late).getAttribute("href")) ?? "";
  await early.bringToFront();
  await shown(early, ofPage);
  await early.reload();
  await shown(early, ofPage);
});
