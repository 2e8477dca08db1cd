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
