/** A reader votes with JavaScript switched off: the whole path works. */
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/fixtures.ts";

test.use({ javaScriptEnabled: false });

test("without JavaScript, a vote leads to the results with the vote marked", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${slug}/results\\?`));
  await expect(page.getByRole("listitem").filter({ hasText: "No" }).first()).toContainText("100%");
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
});

test("without JavaScript, a second vote is refused with the reason and the results", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  const form = await page.content();
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page).toHaveURL(/results\?/);
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

test("without JavaScript, a form sent twice counts as one vote", async ({ page, newPoll }) => {
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
    await expect(page).toHaveURL(/results\?/);
  }
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
});

test("without JavaScript, the page says what became of a form, and a reload sends nothing", async ({
  page,
  newPoll,
  closePoll,
}) => {
  const slug = await newPoll({ mayChange: true });
  const posts: string[] = [];
  page.on("request", request => {
    if (request.method() === "POST") posts.push(request.url());
  });
  const says = async (text: string | RegExp, readers: string) => {
    const sent = posts.length;
    for (const again of [false, true]) {
      if (again) await page.reload();
      await expect(page.getByRole("status")).toHaveText(text);
      await expect(page.getByRole("link", { name: "Receipt for your vote" })).toBeVisible();
      await expect(page.getByText(readers)).toBeVisible();
    }
    expect(posts.length).toBe(sent);
  };
  await page.goto(`/p/${slug}`);
  const form = await page.content();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Choose one.");
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await says("Your vote is in. Thank you.", "1 reader has voted.");
  await expect(page.getByText("Live", { exact: true })).toHaveCount(0);
  await expect(page.getByText(/^as of \d\d:\d\d:\d\d$/)).toBeVisible();
  const thanks = page.url();

  // Back over the refused form to the first page, and forward again: nothing is sent, no error page.
  await page.goBack();
  await expect(page.getByRole("status")).toHaveText("Choose one.");
  await page.goBack();
  await expect(page.getByRole("button", { name: /Vote|Change my vote/ }).first()).toBeVisible();
  await page.goForward();
  await page.goForward();
  await says("Your vote is in. Thank you.", "1 reader has voted.");

  await page.getByRole("link", { name: "Change my vote" }).click();
  await page.getByLabel("Yes, all year round").check();
  await page.getByRole("button", { name: "Change my vote" }).click();
  await says("Your vote has been changed. Thank you.", "1 reader has voted.");
  await page.goto(thanks.replace("counted", "withdrawn"));
  await expect(page.locator("[data-mine]")).toContainText("Yes, all year round");
  await expect(page.getByRole("status"), "of a vote that counts").toBeHidden();

  // The form as another tab still has it.
  const sendOldForm = async () => {
    await page.route(`**/p/${slug}`, route =>
      route.fulfill({ contentType: "text/html", body: form }),
    );
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await page.unroute(`**/p/${slug}`);
  };
  await sendOldForm();
  await says(/You have already voted in this poll. You can change/, "1 reader has voted.");

  await page.goto(`/p/${slug}`);
  await page.getByRole("button", { name: "Withdraw my vote" }).click();
  await says(
    "Your vote has been withdrawn. You can vote again while the poll is open.",
    "No reader",
  );
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await says("Your vote is in. Thank you.", "1 reader has voted.");

  await closePoll(slug);
  await expect(async () => {
    await sendOldForm();
    const closed = "This poll is closed. Your earlier vote stays unchanged.";
    await expect(page.getByRole("status")).toHaveText(closed, { timeout: 500 });
  }).toPass();
});

test("without JavaScript, the sentence on a vote is shown to its voter only", async ({
  page,
  browser,
  origin,
  newPoll,
}) => {
  const [slug, other] = [await newPoll(), await newPoll()];
  await page.goto(`/p/${slug}?choice=3`);
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Your vote is in. Thank you.");
  const { search } = new URL(page.url());
  expect(search).toBe("?answer=counted");
  await page.goto(`/p/${other}/results${search}`);
  await expect(page.getByText("No reader has voted yet.")).toBeVisible();
  await expect(page.getByRole("status"), "in another poll").toBeHidden();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const stranger = await context.newPage();
  const refusals = ["already_voted", "ballot_changed", "closed"].map(key => `?answer=${key}`);
  for (const query of [search, ...refusals, "?answer=%00"]) {
    await stranger.goto(`${origin}/p/${slug}/results${query}`);
    await expect(stranger.getByText("1 reader has voted.")).toBeVisible();
    await expect(stranger.getByRole("status"), query).toBeHidden();
  }
  await context.close();
});

test("without JavaScript, an incomplete vote is explained and keeps its choices", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ choicesMin: 2, choicesMax: 2 });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Choose exactly 2 options.");
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
});

test("without JavaScript, a link selects an option and sends nothing", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}?choice=3&choice=99&choice=1`);
  await expect(page.getByLabel("Yes, all year round")).toBeChecked();
  await expect(page.getByText("No reader has voted yet.")).toBeVisible();
  await page.goto(`/p/${slug}?choice=3`);
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.locator("[data-mine]")).toContainText("No");
});

test("without JavaScript, results are opened without voting, and left again", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByRole("link", { name: "See results without voting" }).click();
  await expect(page.getByText("No reader has voted yet.")).toBeVisible();
  await page.getByRole("link", { name: "Back to the poll" }).click();
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible();
});

test.describe("pages of the plain form, examined with JavaScript", () => {
  test.use({ javaScriptEnabled: true });

  test("pages without script are accessible in every outcome", async ({ page, newPoll }) => {
    const slug = await newPoll();
    await page.route("**/assets/*.js", route => route.abort());
    await page.goto(`/p/${slug}`);
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByRole("status")).toHaveText("Choose one.");
    await expectAccessible(page);
  });
});

test("without JavaScript, a voter gets a receipt that shows the vote's state", async ({
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

test("an unknown receipt is reported as such", async ({ page }) => {
  const answer = await page.goto("/receipt/00000001-00000000-00000000-00000000");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "Receipt not found" })).toBeVisible();
});
