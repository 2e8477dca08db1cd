/** The reader's clock is not believed: a page opens and closes by the server's. */
import type { Page } from "playwright/test";
import { changeAnswers } from "./support/changed-answers.ts";
import { expect, test } from "./support/fixtures.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** How often the poll's page was loaded. */
function countLoads(page: Page): () => number {
  let loads = 0;
  page.on("request", request => {
    if (request.isNavigationRequest()) loads += 1;
  });
  return () => loads;
}

/** A clock that is wrong, and can be set while the page is open: `skewMs` on the window. */
async function skewClock(page: Page, skewMs: number): Promise<void> {
  await page.addInitScript(skew => {
    const { now } = Date;
    Object.assign(window, { skewMs: skew });
    Date.now = () => now() + (window as unknown as { skewMs: number }).skewMs;
  }, skewMs);
}

const setClock = (page: Page, skewMs: number) =>
  page.evaluate(skew => Object.assign(window, { skewMs: skew }), skewMs);

/** What the server answers, with some members changed. */
const changeResults = (page: Page, changes: () => object) =>
  changeAnswers(page, "**/results", json => ({ json: { ...json, ...changes() } }));

for (const days of [-3_650, -1, -0.01, 0.01, 1, 3_650]) {
  test(`a page counts down by the server's clock where the reader's is off by ${days} days`, async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll({ opensAt: inMs(10 * minuteMs) });
    const loads = countLoads(page);
    await skewClock(page, days * dayMs);
    await page.goto(`/p/${slug}`);
    await expect(page.getByText(/ · in 10 minutes$/)).toBeVisible();
    await page.waitForTimeout(1_000);
    expect(loads()).toBe(1);
  });
}

test("a poll opens on time although the reader's clock is set back while the page waits", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: inMs(4_000) });
  await page.goto("about:blank");
  await skewClock(page, 0);
  await page.goto(`/p/${slug}`);
  await setClock(page, -dayMs);
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible({ timeout: 25_000 });
});

test("a page that slept past the opening opens within a minute", async ({ page, newPoll }) => {
  const slug = await newPoll({ opensAt: inMs(3 * dayMs) });
  await page.clock.install();
  await changeResults(page, () => ({ state: "open" }));
  const loads = countLoads(page);
  await page.goto(`/p/${slug}`);
  // Timers and the steady clock stand still, the clock does not.
  await page.clock.setSystemTime(Date.now() + 3 * dayMs + minuteMs);
  await page.clock.runFor(70_000);
  // The poll is not open on this server, so its page is loaded a few times more.
  await expect.poll(loads).toBeGreaterThan(1);
});

test("a page that waits 40 days for its opening is loaded once", async ({ page, newPoll }) => {
  const slug = await newPoll({ opensAt: inMs(40 * dayMs) });
  const loads = countLoads(page);
  await page.clock.install();
  await page.goto(`/p/${slug}`);
  await page.clock.runFor(10 * minuteMs);
  expect(loads()).toBe(1);
});

test("a cache that goes on serving the page from before the opening is asked six times at most", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: inMs(dayMs) });
  const loads = countLoads(page);
  await page.clock.install();
  await changeResults(page, () => ({ state: "open" }));
  await page.goto(`/p/${slug}`);
  for (let minute = 0; minute < 20; minute++) {
    await page.clock.runFor(minuteMs).catch(() => {});
    await page.waitForTimeout(200);
  }
  expect(loads()).toBeGreaterThan(1);
  expect(loads()).toBeLessThanOrEqual(6);
});

test("a page asks again when the first answers after the opening are from before it", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: inMs(dayMs) });
  await page.clock.install();
  let answers = 0;
  await changeAnswers(page, "**/results", (json, headers) => {
    answers += 1;
    return {
      json: { ...json, state: answers > 2 ? "open" : "scheduled" },
      headers: {
        ...headers,
        date: new Date(Date.now() + dayMs + minuteMs).toUTCString(),
        "floodgate-interval": "600",
      },
    };
  });
  const loads = countLoads(page);
  await page.goto(`/p/${slug}`);
  await page.clock.setSystemTime(Date.now() + dayMs + minuteMs);
  for (let second = 0; second < 150 && loads() === 1; second++) {
    await page.clock.runFor(1_000).catch(() => {});
    await page.waitForTimeout(50);
  }
  expect(loads()).toBeGreaterThan(1);
});

test("an open page follows a closing that an editor moves later and earlier, and removes", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ closesAt: inMs(10 * minuteMs) });
  let closesAt: string | null = inMs(30 * minuteMs);
  await changeResults(page, () => ({ closesAt }));
  await page.clock.install();
  await page.goto(`/p/${slug}`);
  await expect(page.getByText(/ · in 10 minutes$/)).toBeVisible();
  await page.clock.runFor(3 * minuteMs);
  await expect(async () => {
    await page.clock.runFor(minuteMs);
    await expect(page.getByText(/ · in 2\d minutes$/)).toBeVisible({ timeout: 200 });
  }).toPass({ timeout: 10_000 });
  closesAt = inMs(6 * minuteMs);
  await expect(async () => {
    await page.clock.runFor(minuteMs);
    await expect(page.getByText(/ · in [56] minutes$/)).toBeVisible({ timeout: 200 });
  }).toPass({ timeout: 10_000 });
  closesAt = null;
  await expect(async () => {
    await page.clock.runFor(minuteMs);
    await expect(page.getByText(/ · in \d+ /)).toBeHidden({ timeout: 200 });
  }).toPass({ timeout: 10_000 });
});

test("a browser that wrongly believes to be offline shows live results, and votes", async ({
  page,
  newPoll,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "onLine", { get: () => false });
  });
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
});
