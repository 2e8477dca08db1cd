/** Browsers in which something that the readers' script uses is missing or broken: the reader's one vote arrives. */
import { type Browser, chromium, type Page } from "playwright/test";
import config from "../playwright.config.ts";
import { breakByAddress, namesUsed } from "./support/browser-apis.ts";
import { expect, test } from "./support/fixtures.ts";

const { launchOptions } = config.use ?? {};

/** The script of a page, as the front serves it. */
async function scriptOf(page: Page, path: string): Promise<string> {
  await page.goto(path);
  const source = await page.locator("script[type=module]").getAttribute("src");
  return (await page.request.get(new URL(source ?? "", page.url()).href)).text();
}

/** Ranks or ticks the third option, with whatever fields the page shows. */
async function choose(page: Page, kind: string): Promise<void> {
  const option = page.locator(".poll-option").nth(2);
  if (kind === "choice") await option.locator("input").check();
  else if (await option.locator("select").isVisible()) {
    await option.locator("select").selectOption({ index: 1 });
  } else await option.locator("[data-move=toggle]").click();
}

const readersAtATime = 3;

for (const kind of ["choice", "ranked"]) {
  test(`a reader votes once in a ${kind} poll, whatever function the browser lacks`, async ({
    browser,
    page,
    site,
    origin,
    newPoll,
  }) => {
    test.setTimeout(240_000);
    const slug = await newPoll({ kind });
    const address = `${origin}/p/${slug}`;
    const names = await namesUsed(page, await scriptOf(page, address));
    const left = [...names];
    const failed: string[] = [];
    const voteWithEach = async () => {
      for (let name = left.pop(); name; name = left.pop()) {
        const context = await browser.newContext();
        await context.addInitScript(breakByAddress);
        const reader = await context.newPage();
        await reader.goto(`${address}#${name}`);
        await choose(reader, kind);
        await reader.locator("[data-part=cast]").click();
        const mine = reader.locator("[data-mine]").first();
        const isMarked = mine.waitFor({ state: "attached", timeout: 8_000 });
        await isMarked.catch(() => failed.push(`${name}`));
        await context.close();
      }
    };
    await Promise.all(Array.from({ length: readersAtATime }, voteWithEach));
    expect(failed).toEqual([]);
    const results = async () =>
      (await (await fetch(`${site.url}/api/polls/${slug}/results`)).json()) as object;
    await expect.poll(results).toMatchObject({ ballots: names.length });
  });
}

test("a vote that an earlier visit left does not lock the form of a browser without fetch", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.evaluate(poll => {
    const { edition } = document.querySelector<HTMLElement>("[data-edition]")?.dataset ?? {};
    const ballotId = "0b6e7a52-8c1d-4f0e-9a3b-5d2c1e4f6a70";
    localStorage.setItem(
      `fg-pending:${poll}`,
      JSON.stringify({ choices: ["3"], ballotId, edition }),
    );
  }, slug);
  await page.addInitScript(() => Object.assign(window, { fetch: undefined }));
  await page.reload();
  await expect(page.getByLabel("No", { exact: true })).toBeChecked();
  await expect(page.getByRole("status")).toBeHidden();
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.locator("[data-mine]")).toContainText("No");
});

test("a page with the scripts of two releases ranks each option once", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ kind: "ranked" });
  const script = await scriptOf(page, `/p/${slug}`);
  await page.route("**/assets/other.js", route =>
    route.fulfill({ contentType: "text/javascript", body: script }),
  );
  await page.reload();
  await page.addScriptTag({ url: "/assets/other.js", type: "module" });
  await page.locator("[data-move=toggle]").nth(2).click();
  await expect(page.locator("[data-move=toggle][aria-pressed=true]")).toHaveCount(1);
});

const broken: Readonly<Record<string, string>> = {
  "storage with a text that is no JSON": "{broken",
  "storage with another program's JSON": '{"choices":7,"ballotId":[],"revision":"x"}',
  "storage with null": "null",
  "storage with a number": "5",
  "storage with a list": "[[]]",
  "storage with choices that are no texts": '{"choices":[7,null],"revision":0}',
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
