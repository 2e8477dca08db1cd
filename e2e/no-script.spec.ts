/** A reader votes with JavaScript switched off: the whole path works. */
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/fixtures.ts";

test.use({ javaScriptEnabled: false });

test("votes, and is shown the results with the vote marked", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${slug}/results$`));
  await expect(page.getByRole("listitem").filter({ hasText: "No" }).first()).toContainText("100%");
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
});

test("is refused a second vote, with a reason and the results", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  const form = await page.content();
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page).toHaveURL(/results$/);
  // The form as a cache would still have it.
  await page.route(`**/p/${slug}`, route =>
    route.fulfill({ contentType: "text/html", body: form }),
  );
  await page.goto(`/p/${slug}`);
  await page.getByLabel("Yes, all year round").check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText(/You have already voted in this poll/);
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
});

test("sending the same form twice is one vote", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  const form = await page.content();
  await page.route(`**/p/${slug}`, route =>
    route.fulfill({ contentType: "text/html", body: form }),
  );
  for (let i = 0; i < 2; i++) {
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page).toHaveURL(/results$/);
  }
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
});

test("is told what is missing, and keeps what was chosen", async ({ page, newPoll }) => {
  const slug = await newPoll({ choicesMin: 2, choicesMax: 2 });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Choose 2 options.");
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
});

test("finds a choice made by the link, and not sent by it", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}?choice=3&choice=99&choice=1`);
  await expect(page.getByLabel("Yes, all year round")).toBeChecked();
  await expect(page.getByText("No reader has voted yet.")).toBeVisible();
  await page.goto(`/p/${slug}?choice=3`);
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.locator("[data-mine]")).toContainText("No");
});

test("can look at the results without voting, and go back", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByRole("link", { name: "See results without voting" }).click();
  await expect(page.getByText("No reader has voted yet.")).toBeVisible();
  await page.getByRole("link", { name: "Back to the poll" }).click();
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible();
});

test.describe("with scripts, to look at what was served without them", () => {
  test.use({ javaScriptEnabled: true });

  test("every answer of the plain form is accessible", async ({ page, newPoll }) => {
    const slug = await newPoll();
    await page.route("**/assets/*.js", route => route.abort());
    await page.goto(`/p/${slug}`);
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByRole("status")).toHaveText("Choose one.");
    await expectAccessible(page);
  });
});

test("is given a receipt, which says what became of the vote", async ({
  page,
  newPoll,
  closePoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await expect(page.getByRole("link", { name: "Receipt for your vote" })).toBeHidden();
  await page.getByLabel("Yes, all year round").check();
  await page.getByRole("button", { name: "Vote" }).click();
  await page.getByRole("link", { name: "Receipt for your vote" }).click();
  await expect(page).toHaveURL(/\/receipt\/[0-9a-v-]{35}$/);
  const receipt = page.url();
  const says = (text: string) =>
    expect(async () => {
      await page.goto(receipt);
      await expect(page.getByRole("article")).toContainText(text, { timeout: 500 });
    }).toPass();
  await says("Your vote is stored and counted.");
  await expect(page.getByRole("listitem").filter({ hasText: "Stored" })).toContainText(
    /\d\d:\d\d:\d\d/,
  );
  await expect(page.getByRole("main")).not.toContainText("Yes, all year round");
  await closePoll(slug);
  await says("Your vote is in the final count.");
});

test("is told of a receipt that is none", async ({ page }) => {
  const answer = await page.goto("/receipt/00000001-00000000-00000000-00000000");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such receipt" })).toBeVisible();
});
