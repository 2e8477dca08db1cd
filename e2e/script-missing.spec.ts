/** Browsers in which something that the readers' script uses is missing or broken: the reader's one vote arrives. */
import { type Browser, chromium } from "playwright/test";
import config from "../playwright.config.ts";
import { expect, test } from "./support/fixtures.ts";

const { launchOptions } = config.use ?? {};

const apis = [
  "fetch",
  "crypto",
  "JSON",
  "Intl",
  "IntersectionObserver",
  "FormData",
  "Promise",
  "BroadcastChannel",
];

for (const name of apis) {
  test(`a reader votes once in a browser without ${name}`, async ({ page, site, newPoll }) => {
    const slug = await newPoll();
    await page.addInitScript(missing => {
      Object.defineProperty(window, missing, { value: undefined });
    }, name);
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.locator("[data-mine]")).toContainText("No");
    const results = await fetch(`${site.url}/api/polls/${slug}/results`);
    expect(await results.json()).toMatchObject({ ballots: 1 });
  });
}

test("a page whose reader's clock is ahead waits for the opening by the server's clock", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: new Date(Date.now() + 600_000).toISOString() });
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 660_000;
  });
  let loads = 0;
  page.on("request", request => {
    if (new URL(request.url()).pathname === `/p/${slug}`) loads += 1;
  });
  await page.goto(`/p/${slug}`);
  await expect(page.getByText(/^Opens .* · in 10 minutes$/)).toBeVisible();
  await page.waitForTimeout(5_000);
  expect(loads).toBe(1);
});

const broken: Readonly<Record<string, string>> = {
  "storage with a text that is no JSON": "{broken",
  "storage with another program's JSON": '{"choices":7,"ballotId":[],"revision":"x"}',
  "storage with null": "null",
  "storage with a number": "5",
  "storage with a list": "[[]]",
  "storage with a line break": '"a\\nb"',
};

for (const [name, text] of Object.entries(broken)) {
  test(`a reader votes with ${name}`, async ({ page, newPoll }) => {
    const slug = await newPoll();
    await page.addInitScript(
      ([poll, value]) => {
        for (const kind of ["pending", "voted", "token"]) {
          localStorage.setItem(`fg-${kind}:${poll}`, value);
        }
      },
      [slug, text] as const,
    );
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  });
}

const storages: Readonly<Record<string, () => void>> = {
  "storage that throws": () =>
    Object.defineProperty(window, "localStorage", {
      get: () => {
        throw new DOMException("denied", "SecurityError");
      },
    }),
  "storage that is null": () => Object.defineProperty(window, "localStorage", { value: null }),
  "storage that is full": () => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  },
};

for (const [name, breakIt] of Object.entries(storages)) {
  test(`a reader votes with ${name}`, async ({ page, newPoll }) => {
    await page.addInitScript(breakIt);
    await page.goto(`/p/${await newPoll()}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  });
}

test("a reader votes on plain http under a name other than localhost", async ({
  site,
  newPoll,
}) => {
  const { port } = new URL(site.url);
  const browser: Browser = await chromium.launch({
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), "--host-resolver-rules=MAP polls.lan 127.0.0.1"],
  });
  const page = await browser.newPage({ locale: "en-GB" });
  await page.goto(`http://polls.lan:${port}/p/${await newPoll()}`);
  expect(await page.evaluate(() => [isSecureContext, "randomUUID" in crypto])).toEqual([
    false,
    false,
  ]);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  await browser.close();
});

test("a reader votes when the script arrives incomplete", async ({ page, newPoll, origin }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  const path = await page.locator("script[type=module]").getAttribute("src");
  const script = await (await fetch(origin + path)).text();
  for (const part of [0, 0.2, 0.5, 0.9, 0.999]) {
    await page.context().clearCookies();
    await page.evaluate(() => localStorage.clear());
    await page.unroute("**/assets/*.js");
    await page.route("**/assets/*.js", route =>
      route.fulfill({
        contentType: "text/javascript",
        body: script.slice(0, Math.floor(part * script.length)),
      }),
    );
    await page.goto(`/p/${slug}`);
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.locator("[data-mine]")).toContainText("No");
  }
});
