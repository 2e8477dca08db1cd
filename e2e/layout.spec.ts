/** Words, addresses and tables that are wider than a phone break or scroll in themselves, on every page. */
import { randomUUID } from "node:crypto";
import type { APIRequest, Page } from "playwright/test";
import type { BrowserSite } from "./support/browser-site.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

test.describe.configure({ timeout: 120_000 });

const widths = [320, 360, 375, 390];
const word =
  "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsversammlung";
const address =
  "https://www.example.org/politics/2026/11/26/council-votes-on-tram-line-extension-to-harbour";
const question = `Which ${word.repeat(2)}?`.slice(0, 199);
const text = `First, see ${address}\n\n${word.repeat(3)}\n${"_".repeat(80)}`.slice(0, 499);
const image = { url: "/no-such-image.jpg", alt: `${word} at ${address}` };
const options = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ label: `${index + 1} ${word.slice(index)}` }));
const slug = () => `${"long-".repeat(14)}${randomUUID().slice(0, 8)}`;

/** What sticks out of the page, or is cut off within it. Regions that scroll may hold wider things. */
const faults = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const found = scrollWidth > clientWidth ? [`the page is ${scrollWidth} pixels wide`] : [];
    const name = (element: Element) =>
      `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${element.textContent?.slice(0, 40)}`;
    for (const element of document.querySelectorAll<HTMLElement>("body *:not(option, svg *)")) {
      const style = getComputedStyle(element);
      const { left, right, width } = element.getBoundingClientRect();
      const scrolls = element.parentElement?.closest(
        ".poll-scroll, .overflow-x-auto, .scroll, pre",
      );
      if (scrolls || width <= 1 || !element.checkVisibility()) continue;
      if (element.closest(".skip, .sr-only, .visually-hidden, [class*='-left-full']")) continue;
      if (right > clientWidth + 1 || left < -1) found.push(`outside: ${name(element)}`);
      const cuts = /hidden|clip/.test(style.overflowX) && element.tagName !== "INPUT";
      if (cuts && element.scrollWidth > element.clientWidth + 1)
        found.push(`cut: ${name(element)}`);
    }
    return found;
  });

async function expectFits(
  page: Page,
  path: string,
  prepare?: () => Promise<unknown>,
): Promise<void> {
  await page.goto(path);
  await prepare?.();
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    expect(await faults(page), `${path} at ${width} pixels`).toEqual([]);
  }
}

/** With another style sheet, which the page's policy allows to scripts of a browser only. */
const styled = (page: Page, style: string) =>
  page.evaluate(async css => {
    const sheet = await new CSSStyleSheet().replace(css);
    document.adoptedStyleSheets.push(sheet);
  }, style);

async function castAs(api: APIRequest, site: BrowserSite, to: string, choices: readonly string[]) {
  const stranger = await api.newContext();
  const data = { choices, ballotId: randomUUID() };
  const answer = await stranger.post(`${site.url}/api/polls/${to}/votes`, { data });
  expect(answer.status()).toBe(202);
  const body = (await answer.json()) as { receipt: string };
  await stranger.dispose();
  return body;
}

test("long words and addresses stay within the poll's pages, with and without images", async ({
  page,
  playwright,
  site,
  newPoll,
}) => {
  const long = { question, description: text };
  const several = options(4).map(option => ({ ...option, image }));
  const polls = [
    await newPoll({ ...long, slug: slug(), options: several, choicesMax: 2 }),
    await newPoll({ ...long, options: options(6), kind: "rating", language: "de" }),
    await newPoll({ ...long, options: several, kind: "rating", language: "ar" }),
    await newPoll({ ...long, options: several, kind: "ranked" }),
    await newPoll({ ...long, options: options(5), kind: "ranked", language: "fi" }),
    await newPoll({ ...long, options: options(5), opensAt: "2050-01-01T00:00:00Z" }),
  ];
  for (const poll of polls) {
    for (const path of [`/p/${poll}`, `/p/${poll}/results`, `/embed/${poll}`]) {
      await expectFits(page, path);
    }
  }
  const { receipt } = await castAs(playwright.request, site, polls[0] ?? "", ["1", "2"]);
  for (const path of ["/", "/demo", "/p/none", "/embed/none", "/studio/sign-in"]) {
    await expectFits(page, path);
  }
  await expectFits(page, `/receipt/${receipt}`);
  await expectFits(page, site.workerUrl);
});

test("long words stay within the card after a vote, in a text and in a link", async ({
  page,
  newPoll,
}) => {
  const afterVoteLink = `https://${"a".repeat(60)}.example/${"b".repeat(200)}`;
  const after = [
    { afterVote: "text", afterVoteText: text },
    { afterVote: "link", afterVoteText: word, afterVoteLink },
    { afterVote: "link", afterVoteLink },
    { mayChange: true },
  ];
  for (const rules of after) {
    const poll = await newPoll({ question, options: options(3), ...rules });
    await page.goto(`/p/${poll}`);
    await page.locator("label.poll-option").first().click();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page.getByText("Your vote is in.")).toBeVisible();
    await expectFits(page, `/p/${poll}`);
  }
});

test("on a phone, the rounds of fifty options scroll in themselves by keyboard too, and the names stay legible", async ({
  page,
  playwright,
  site,
  newPoll,
}) => {
  const poll = await newPoll({ question, options: options(50), kind: "ranked" });
  for (let first = 1; first <= 20; first++) {
    const choices = Array.from({ length: 20 }, (_, index) => String(((first + index) % 20) + 31));
    const casts = Array.from({ length: 1 + first / 5 }, () =>
      castAs(playwright.request, site, poll, choices),
    );
    await Promise.all(casts);
  }
  await page.setViewportSize({ width: 375, height: 800 });
  const path = `/p/${poll}/results`;
  const table = page.getByRole("region", { name: /^Instant-runoff/ });
  await expect(async () => {
    await page.goto(path);
    await expect(table.getByRole("columnheader", { name: "Round 5" })).toBeAttached();
  }).toPass({ timeout: 30_000 });
  await expect(table.getByRole("row")).toHaveCount(52);
  for (const fits of [path, `/embed/${poll}/results`, `/p/${poll}`]) await expectFits(page, fits);
  await page.goto(path);
  for (const dir of ["ltr", "rtl"]) {
    await page.evaluate(to => document.documentElement.setAttribute("dir", to), dir);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      // The last option's: what it begins with was scrolled out of sight, if anything was.
      const name = table.getByRole("rowheader").nth(49);
      const at = async () => (await name.boundingBox()) ?? { x: 0, width: 0 };
      await table.evaluate(region => region.scrollTo(0, 0));
      expect((await at()).width).toBeGreaterThanOrEqual(100);
      await table.focus();
      for (let presses = 0; presses < 30; presses++) {
        await page.keyboard.press(dir === "ltr" ? "ArrowRight" : "ArrowLeft");
      }
      await expect.poll(() => table.evaluate(({ scrollLeft }) => scrollLeft)).not.toBe(0);
      const { x, width: wide } = await at();
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + wide).toBeLessThanOrEqual(width);
    }
  }
});

test("long words stay within the studio's pages", async ({ page, site, newPoll }) => {
  const several = options(4).map(option => ({ ...option, image }));
  const rules = { afterVote: "text", afterVoteText: text };
  const polls = [
    await newPoll({ question, description: text, slug: slug(), options: several, ...rules }),
    await newPoll({ question, options: options(12), kind: "ranked" }),
    await newPoll({ question, options: options(5), kind: "rating" }),
  ];
  await signIn(page, site.seeded.editor);
  await expectFits(page, "/studio");
  for (const poll of polls) await expectFits(page, `/studio/polls/${poll}`);
  await expectFits(page, "/studio/polls/none");
  await expectFits(page, "/studio/new", async () => {
    await page.getByLabel("Question").fill(question);
    await page.getByLabel("Options, one per line").fill(`${word}\n${address}`);
    for (const group of await page.locator("summary").all()) await group.click();
  });
});

test("nothing is cut off with wide text spacing, or with text at twice its size", async ({
  page,
  newPoll,
}) => {
  for (const kind of ["choice", "ranked", "rating"]) {
    const poll = await newPoll({ question, description: text, options: options(4), kind });
    for (const path of [`/p/${poll}`, `/p/${poll}/results`]) {
      const styles = [
        "* { line-height: 1.5; letter-spacing: 0.12em; word-spacing: 0.16em; }",
        ":root { font-size: 200%; }",
      ];
      for (const style of styles) await expectFits(page, path, () => styled(page, style));
    }
  }
});

test("in forced colours, chosen options, grades and ranks and the own vote differ from the others", async ({
  page,
  newPoll,
}) => {
  await page.emulateMedia({ forcedColors: "active" });
  const styles = (selector: string) =>
    page.locator(selector).evaluateAll(elements =>
      elements.map(element => {
        const { backgroundColor, borderTopColor, borderTopWidth, fill } = getComputedStyle(element);
        const card = element.closest(".poll");
        const ground = card ? getComputedStyle(card).backgroundColor : "";
        // Nothing and the card's own colour look alike.
        const seen = /, 0\)$/.test(backgroundColor) ? ground : backgroundColor;
        return [seen, borderTopColor, borderTopWidth, fill].join(" ");
      }),
    );
  /** One of them looks otherwise than the rest, which look alike. */
  const expectOneMarked = async (selector: string) => {
    const all = await styles(selector);
    const [most = "", other = ""] = [...new Set(all)].sort(
      (a, b) => all.filter(each => each === b).length - all.filter(each => each === a).length,
    );
    expect(
      all.filter(each => each === other),
      selector,
    ).toHaveLength(1);
    expect(
      all.filter(each => each === most),
      selector,
    ).toHaveLength(all.length - 1);
  };
  const rating = await newPoll({ kind: "rating", options: options(3) });
  await page.goto(`/p/${rating}`);
  await page.locator(".poll-grade").nth(3).click();
  await expectOneMarked(".poll-graded:first-child .poll-grade:not(.poll-grade-none)");
  const ranked = await newPoll({ kind: "ranked", options: options(3) });
  await page.goto(`/p/${ranked}`);
  await page.locator("button.poll-rank").first().click();
  await expectOneMarked("button.poll-rank");
  const choice = await newPoll({ options: options(3) });
  await page.goto(`/p/${choice}`);
  await page.locator("label.poll-option").first().click();
  await page.mouse.move(0, 0);
  await expectOneMarked("label.poll-option");
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in.")).toBeVisible();
  await expectOneMarked(".poll-result-bar rect");
});
