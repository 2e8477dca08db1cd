/** A reader votes, with scripts. */
import { gzipSync } from "node:zlib";
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";
import { shiftsOn, watchShifts } from "./support/layout-shifts.ts";

test("a reader votes and sees the vote counted without leaving the page", async ({
  page,
  newPoll,
}) => {
  watchConsole(page);
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await expectAccessible(page);
  await page.getByLabel("No", { exact: true }).check();
  await expect(page.getByText("Your vote is in")).toBeHidden();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeFocused();
  const mine = page.locator("[data-mine]");
  await expect(mine).toContainText("No");
  await expect(mine).toContainText("100%");
  await expect(mine).toContainText("1 vote");
  await expect(page.getByText("1 reader has voted.")).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/p/${slug}$`));
  await expectAccessible(page);
  await page.getByRole("link", { name: "Receipt for your vote" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("old harbour");
  await expectAccessible(page);
});

test("the next visit shows the vote", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByLabel("Yes, but only in summer").check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  await page.reload();
  await expect(page.locator("[data-mine]")).toContainText("Yes, but only in summer");
});

test("an incomplete vote is explained and not sent", async ({ page, newPoll }) => {
  await page.goto(`/p/${await newPoll()}`);
  let votes = 0;
  page.on("request", request => {
    if (request.url().endsWith("/votes")) votes += 1;
  });
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Choose one.");
  expect(votes).toBe(0);
});

test("a reader votes by keyboard alone", async ({ page, newPoll }) => {
  await page.goto(`/p/${await newPoll()}`);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the poll" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Yes, all year round")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
  await expect(page.getByRole("status")).toBeHidden();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your vote is in. Thank you.")).toBeFocused();
});

test("a poll with several choices takes several, within its limits", async ({ page, newPoll }) => {
  const slug = await newPoll({ choicesMin: 2, choicesMax: 3 });
  await page.goto(`/p/${slug}`);
  await expect(page.getByText("Choose 2 to 3 options.")).toBeVisible();
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByRole("status")).toHaveText("Choose 2 to 3 options.");
  await page.getByLabel("Yes, all year round").check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  await expect(page.getByText("percentages are of readers who voted")).toBeVisible();
  await expect(page.getByRole("listitem").filter({ visible: true, hasText: "100%" })).toHaveCount(
    2,
  );
});

test("an overloaded server is retried until the vote is accepted", async ({ page, newPoll }) => {
  const slug = await newPoll();
  const ids: string[] = [];
  let answers = 0;
  await page.route("**/votes", async route => {
    ids.push((route.request().postDataJSON() as { ballotId: string }).ballotId);
    answers += 1;
    if (answers <= 2) await route.fulfill({ status: 503, headers: { "Retry-After": "0" } });
    else await route.continue();
  });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(
    page.getByText("Your vote will be sent again automatically; keep this page open."),
  ).toBeVisible();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible({ timeout: 15_000 });
  expect(new Set(ids).size).toBe(1);
});

test("a reload resumes a vote that was still being sent", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.route("**/votes", route => route.abort());
  await page.goto(`/p/${slug}`);
  await page.getByLabel("I don’t go there").check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("You seem to be offline.")).toBeVisible();
  await page.unroute("**/votes");
  await page.reload();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible({ timeout: 10_000 });
});

test("a poll shows the page before the opening until it opens, and results after it closes", async ({
  page,
  newPoll,
  closePoll,
}) => {
  const early = await newPoll({ opensAt: new Date(Date.now() + 3_600_000).toISOString() });
  await page.goto(`/p/${early}`);
  await expect(page.getByText("This poll is not open yet.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Vote" })).toBeHidden();
  await expectAccessible(page);

  const slug = await newPoll();
  await closePoll(slug);
  await page.goto(`/p/${slug}`);
  await expect(page.getByText("Closed, the last votes are being counted")).toBeVisible();
  await expect(page.getByRole("button", { name: "Vote" })).toBeHidden();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText("Final result")).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 25_000 });
  await expectAccessible(page);
});

test("the start page lists polls, and an unknown poll answers with a not-found page", async ({
  page,
  newPoll,
}) => {
  await newPoll({ question: "Is the new timetable better?" });
  await page.goto("/");
  await expect(page.getByRole("link", { name: "Is the new timetable better?" })).toBeVisible();
  await expectAccessible(page);
  const answer = await page.goto("/p/nowhere");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no poll here" })).toBeVisible();
  await expectAccessible(page);
});

test("a poll page is small and loads without layout shifts", async ({ page, newPoll }) => {
  const slug = await newPoll();
  const sizes: Record<string, number> = {};
  page.on("response", async response => {
    const path = new URL(response.url()).pathname;
    sizes[path] = gzipSync(await response.body().catch(() => Buffer.alloc(0))).length;
  });
  await watchShifts(page);
  await page.goto(`/p/${slug}`, { waitUntil: "networkidle" });
  expect(await shiftsOn(page)).toBe(0);
  const scripts = Object.entries(sizes).filter(([path]) => path.endsWith(".js"));
  expect(scripts).toHaveLength(1);
  expect(scripts[0]?.[1]).toBeLessThan(10_000);
  expect(Object.keys(sizes).length).toBeLessThanOrEqual(5);
  await page.goto(`/p/${slug}/results`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  expect(await shiftsOn(page), "of the results").toBe(0);
});

test("a touch anywhere on an option's row chooses it", async ({ page, newPoll }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto(`/p/${await newPoll()}`);
  const rows = page.locator("label.poll-option");
  await expect(rows).toHaveCount(4);
  for (const row of await rows.all()) {
    const box = await row.boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await row.click({ position: { x: (box?.width ?? 0) - 4, y: 4 } });
    await expect(row.getByRole("radio")).toBeChecked();
  }
});
