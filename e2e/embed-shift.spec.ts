/**
 * A poll in the first screen of an article moves nothing: the studio's code, at three widths, with its script at once,
 * late and not at all; while it loads, and when the reader votes.
 */
import type { Slug } from "#lib/model/ids.ts";
import { embedCode } from "#reader/embed-code.ts";
import type { Shown } from "#reader/embed-height.ts";
import { startArticles } from "./support/articles.ts";
import { expect, test } from "./support/fixtures.ts";
import { shiftsOn, watchShifts } from "./support/layout-shifts.ts";

const shiftMax = 0.02;
const widths = [360, 768, 1280];
const scripts = ["at once", "0.8 s late", "absent"] as const;

const labels = ["Yes, all year round", "Yes, but only in summer", "No", "I don’t go there"];
const names = ["Okafor", "Lindqvist", "The people of Ådahl", "Nobody at all", "Brown", "Andersson"];
const polls = {
  "a poll with one choice": { kind: "choice", labels, choicesMax: 1 },
  "a poll with several choices and long options": {
    kind: "choice",
    labels: labels.map(label => `${label}, whatever the council decides about the old harbour`),
    choicesMax: 3,
  },
  "a ranked poll": { kind: "ranked", labels: names, choicesMax: 6 },
  "a rating": { kind: "rating", labels: names.slice(0, 3), choicesMax: 3 },
} as const;

const filler = "The quays were built for ships and given to parking. ".repeat(4);

const article = (code: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8">
   <meta name="viewport" content="width=device-width"><title>An article</title>
   <style>body{margin:0;font:18px/1.6 system-ui,sans-serif}main{max-width:640px;margin:0 auto;padding:0 16px}</style>
   <main><h1>A harbour without cars?</h1><p>The council decides on Tuesday.</p>${code}
   ${`<p>${filler}</p>`.repeat(8)}</main></html>`;

const inputOf = ({ kind, labels: options, choicesMax }: (typeof polls)[keyof typeof polls]) => ({
  kind,
  choicesMax,
  options: options.map(label => ({ label })),
});

/** The poll as the studio knows it, which makes the embed code of it. */
const shownAs = (slug: string, input: ReturnType<typeof inputOf>): Shown => ({
  slug: slug as Slug,
  question: "Should the old harbour be closed to cars (1)?",
  description: "The council votes on Tuesday.",
  ...input,
  options: input.options.map((option, index) => ({ number: index + 1, ...option })) as never,
});

for (const [name, poll] of Object.entries(polls)) {
  test(`an article does not move around ${name}, with and without the script`, async ({
    browser,
    origin,
    newPoll,
  }) => {
    test.setTimeout(120_000);
    const articles = await startArticles();
    const input = inputOf(poll);
    const shown = shownAs(await newPoll(input), input);
    const measured: string[] = [];
    for (const width of widths) {
      for (const script of scripts) {
        const context = await browser.newContext({ viewport: { width, height: 800 } });
        const page = await context.newPage();
        await watchShifts(page);
        await page.route("**/embed.js", async route => {
          if (script === "0.8 s late") await new Promise(resolve => setTimeout(resolve, 800));
          await route.continue();
        });
        const code = embedCode(origin, shown);
        const html = article(script === "absent" ? code.replace(/<script.*?<\/script>/, "") : code);
        const loaded = script === "absent" ? undefined : page.waitForResponse("**/embed.js");
        await page.goto(articles.publish(html));
        await loaded;
        const card = page.frameLocator("iframe");
        await expect(card.locator(".poll-actions .poll-button").first()).toBeVisible();
        await page.waitForTimeout(300);
        const value = await shiftsOn(page);
        measured.push(`${width} px, script ${script}: ${value.toFixed(4)}`);
        // Nothing of the form is cut off.
        const frame = await page.locator("iframe").boundingBox();
        const needed = await card
          .locator("html")
          .evaluate(html => [html.scrollHeight, html.clientHeight]);
        expect(needed[0], `${width} ${script}`).toBeLessThanOrEqual(needed[1] ?? 0);
        expect(frame?.width).toBeLessThanOrEqual(width);
        expect.soft(value, `${width} px, script ${script}`).toBeLessThanOrEqual(shiftMax);
        await context.close();
      }
    }
    console.log(`${name}\n  ${measured.join("\n  ")}`);
    await articles.close();
  });
}

test("an article does not move when a reader votes in it", async ({ browser, site, newPoll }) => {
  test.setTimeout(120_000);
  for (const [name, poll] of Object.entries(polls)) {
    const input = inputOf(poll);
    const shown = shownAs(await newPoll(input), input);
    for (const width of widths) {
      const context = await browser.newContext({ viewport: { width, height: 800 } });
      const page = await context.newPage();
      await watchShifts(page);
      // An article on the same host, whose frames keep cookies over plain http.
      await page.route(`${site.url}/article`, route =>
        route.fulfill({ contentType: "text/html", body: article(embedCode(site.url, shown)) }),
      );
      await page.goto(`${site.url}/article`);
      const card = page.frameLocator("iframe");
      const button = card.getByRole("button", { name: "Vote" });
      await expect(button).toBeVisible();
      if (poll.kind === "choice") await card.getByLabel(poll.labels[1] ?? "").check();
      if (poll.kind === "ranked") await card.locator(".poll-ranked").first().click();
      if (poll.kind === "rating") await card.locator(".poll-grade").nth(3).click();
      await button.click();
      await expect(card.getByText("Your vote is in. Thank you.")).toBeVisible();
      await page.waitForTimeout(300);
      const needed = await card
        .locator("html")
        .evaluate(html => [html.scrollHeight, html.clientHeight]);
      expect(needed[0], `${name} at ${width} px`).toBeLessThanOrEqual(needed[1] ?? 0);
      expect.soft(await shiftsOn(page), `${name} at ${width} px`).toBeLessThanOrEqual(shiftMax);
      await context.close();
    }
  }
});
