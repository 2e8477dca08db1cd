/** Results on an open page follow the votes of others, whichever way gets through. */
import type { Page } from "playwright/test";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

const patient = { timeout: 20_000 };

/** Another reader votes. */
async function voteElsewhere(url: string, slug: string, choice = "3"): Promise<void> {
  const answer = await fetch(`${url}/api/polls/${slug}/votes`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ choices: [choice] }),
  });
  expect(answer.status).toBe(202);
}

const readers = (page: Page, count: number) =>
  page.getByText(count === 1 ? "1 reader has voted." : `${count} readers have voted.`);

test("results update with every vote, without a reload", async ({ page, site, newPoll }) => {
  watchConsole(page);
  const slug = await newPoll();
  await page.goto(`/p/${slug}/results`);
  for (const count of [1, 2, 3]) {
    await voteElsewhere(site.url, slug);
    await expect(readers(page, count)).toBeVisible();
  }
  const row = page.getByRole("listitem").filter({ hasText: "3 votes" });
  await expect(row).toContainText("100%");
  await expect(row.locator("rect")).toHaveAttribute("width", "100%");
  await expect(page.getByText(/^“No” leads: 100% of 3 readers \(as of .*\)\.$/)).toBeVisible();
  await page.reload();
  const preview = page.locator('meta[property="og:description"]');
  await expect(preview).toHaveAttribute(
    "content",
    /^“No” leads: 100% of 3 readers \(as of .*\)\.$/,
  );
  await expectAccessible(page);
});

test("results update by long poll where event streams are blocked", async ({
  page,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.route("**/results/stream", route => route.fulfill({ status: 502 }));
  const held = page.waitForRequest(/results\?after=\d+&wait=\d+$/);
  await page.goto(`/p/${slug}/results`);
  await held;
  await voteElsewhere(site.url, slug);
  await expect(readers(page, 1)).toBeVisible(patient);
});

test("results update by polling where long polls are blocked too", async ({
  page,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.clock.install();
  await page.route("**/results/stream", route => route.fulfill({ status: 502 }));
  await page.route(/results\?after=/, route => route.fulfill({ status: 503 }));
  await page.goto(`/p/${slug}/results`);
  await voteElsewhere(site.url, slug);
  await expect(async () => {
    await page.clock.runFor(2_000);
    await expect(readers(page, 1)).toBeVisible({ timeout: 100 });
  }).toPass(patient);
});

test("polling follows the interval that the server sends", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.clock.install();
  let asked = 0;
  await page.route("**/results/stream", route => route.fulfill({ status: 502 }));
  await page.route(/results\?after=/, route => route.fulfill({ status: 503 }));
  await page.route(`**/api/polls/${slug}/results`, async route => {
    const response = await route.fetch();
    expect(Number(response.headers()["floodgate-interval"])).toBeGreaterThan(0);
    // Give or take a quarter.
    await route.fulfill({
      response,
      headers: { ...response.headers(), "floodgate-interval": "600" },
    });
    // Not before: the test ends with the second one, and nothing is answered any more then.
    asked += 1;
  });
  await page.goto(`/p/${slug}/results`);
  await expect(async () => {
    await page.clock.runFor(2_000);
    expect(asked).toBe(1);
  }).toPass(patient);
  await page.clock.runFor(400_000);
  expect(asked).toBe(1);
  await page.clock.runFor(400_000);
  await expect.poll(() => asked).toBe(2);
});

test("a screen reader hears a summary once a minute, not with every vote", async ({
  page,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.clock.install();
  await page.goto(`/p/${slug}/results`);
  const summary = page.locator('[data-part="summary"]');
  await expect(summary).toHaveAttribute("aria-live", "polite");
  await summary.evaluate(element => {
    const announced: (string | null)[] = [];
    Object.assign(window, { announced });
    const observer = new MutationObserver(() => announced.push(element.textContent));
    observer.observe(element, { childList: true, characterData: true, subtree: true });
  });
  const announced = () =>
    page.evaluate(() => (window as unknown as { announced: string[] }).announced);
  const voteAndSee = async (count: number) => {
    await voteElsewhere(site.url, slug);
    await expect(readers(page, count)).toBeVisible(patient);
  };
  for (const count of [1, 2, 3]) await voteAndSee(count);
  expect(await announced()).toEqual([]);
  await page.clock.fastForward(61_000);
  for (const count of [4, 5, 6]) await voteAndSee(count);
  expect(await announced()).toEqual([
    expect.stringMatching(/^“No” leads: 100% of 4 readers \(as of .*\)\.$/),
  ]);
});

test("updates stop while the card is paused or hidden, and catch up afterwards", async ({
  page,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  const current = async () =>
    (await (await fetch(`${site.url}/api/polls/${slug}/results`)).json()) as { ballots: number };
  const voteUnseen = async (count: number) => {
    await voteElsewhere(site.url, slug);
    await expect.poll(async () => (await current()).ballots).toBe(count);
  };
  await page.goto(`/p/${slug}/results`);
  await voteElsewhere(site.url, slug);
  await expect(readers(page, 1)).toBeVisible();

  await page.getByRole("button", { name: "Pause updates" }).click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await expectAccessible(page);
  await voteUnseen(2);
  await expect(readers(page, 1)).toBeVisible();
  await page.getByRole("button", { name: "Resume updates" }).click();
  await expect(readers(page, 2)).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  const hide = (hidden: boolean) =>
    page.evaluate(value => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await voteUnseen(3);
  await expect(readers(page, 2)).toBeVisible();
  await hide(false);
  await expect(readers(page, 3)).toBeVisible();
});

test("the card says that it is offline, and recovers", async ({ page, context, site, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}/results`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("Offline, updates paused")).toBeVisible();
  await voteElsewhere(site.url, slug);
  await context.setOffline(false);
  await expect(readers(page, 1)).toBeVisible(patient);
});

test("a connection that is dead without an end is not called live, and the card updates by another", async ({
  page,
  site,
  newPoll,
}) => {
  const { port } = new URL(site.url);
  const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(port) });
  await page.clock.install();
  const slug = await newPoll();
  await page.goto(`http://127.0.0.1:${proxy.port}/p/${slug}/results`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  proxy.stall();
  await page.clock.fastForward(20_000);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.clock.fastForward(21_000);
  await expect(page.getByText("Live", { exact: true })).toBeHidden();
  await voteElsewhere(site.url, slug);
  proxy.heal();
  await expect(readers(page, 1)).toBeVisible(patient);
  await proxy.stop();
});

test("a poll opens, closes and becomes final on an open page", async ({ page, newPoll }) => {
  const in3Seconds = Date.now() + 3_000;
  const slug = await newPoll({
    opensAt: new Date(in3Seconds).toISOString(),
    closesAt: new Date(in3Seconds + 6_000).toISOString(),
  });
  // Readers' pages are loaded again over 12 seconds: this one is among the first.
  await page.addInitScript(() => Object.assign(Math, { random: () => 0.1 }));
  await page.goto(`/p/${slug}`);
  await expect(page.getByText("This poll is not open yet.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible(patient);
  await expect(page.getByText(/^Closes .* · in \d+ seconds?$/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Vote" })).toBeHidden(patient);
  await expect(page.getByText("Final result", { exact: true }).first()).toBeVisible(patient);
  await expectAccessible(page);
});

test("a poll without a closing time says nothing of being open once an editor has closed it", async ({
  page,
  newPoll,
  closePoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await expect(page.getByText("Open now")).toBeVisible();
  await page.goto(`/p/${slug}/results`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await closePoll(slug);
  await expect(page.getByText("Final result", { exact: true }).first()).toBeVisible(patient);
  await expect(page.getByText("Open now")).toBeHidden();
});
