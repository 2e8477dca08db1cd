/**
 * Every state of the card, as a picture at three widths, light and dark, and by axe. The pictures are in
 * `e2e/baselines/`; `npx playwright test states --update-snapshots` takes them again: look at them then.
 */
import { execFileSync } from "node:child_process";
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/fixtures.ts";

const states = JSON.parse(
  execFileSync(process.execPath, ["--import", "tsx", "e2e/support/render-states.ts"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  }),
) as Record<string, string>;

// The most tests of all files: both workers take their share.
test.describe.configure({ mode: "parallel" });

const widths = [360, 768, 1280];
const schemes = ["light", "dark"] as const;

/** With the script: its controls are in the picture, and numbers that show their time are live. */
function asRunning(html: string): string {
  const running = html.replace("<html ", "<html data-script ");
  if (/data-part="as-of"[^>]*hidden/.test(html)) return running;
  return running.replace(
    /(data-part="state"><b)(?=>)[^<]*/,
    (_, start: string) => `${start} class="poll-live">Live`,
  );
}

test.beforeEach(async ({ page, origin }) => {
  // As served, before the script; fonts always those of the page, however long they take.
  await page.route("**/assets/*.js", route => route.abort());
  await page.route(`${origin}/states/*`, route => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    let html = states[name]?.replaceAll("font-display:optional", "font-display:block");
    if (!name.endsWith("no-script")) html = html && asRunning(html);
    return route.fulfill({ contentType: "text/html; charset=utf-8", body: html ?? "" });
  });
});

for (const name of Object.keys(states)) {
  test(`${name} matches its baseline and is accessible`, async ({ page, origin }) => {
    await page.goto(`${origin}/states/${name}`);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        await expect(page.locator("main")).toHaveScreenshot(`${name}-${width}-${colorScheme}.png`);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          "nothing is wider than the page",
        ).toBeLessThanOrEqual(0);
      }
      await expectAccessible(page);
    }
  });
}

test("pages reflow at twice and four times the text size", async ({ page, origin }) => {
  for (const name of ["vote-long", "voted", "final"]) {
    // 1280 pixels at 400 %: WCAG's measure for reflow.
    await page.setViewportSize({ width: 320, height: 256 });
    await page.goto(`${origin}/states/${name}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      320,
    );
    // Text alone at 200 %.
    await page.setViewportSize({ width: 640, height: 800 });
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      640,
    );
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>(".poll, .poll *")]
        .filter(({ scrollWidth, clientWidth }) => clientWidth > 1 && scrollWidth > clientWidth + 1)
        .map(({ className }) => className),
    );
    expect(cut).toEqual([]);
  }
});

test("a card prints with its bars and without its buttons", async ({ page, origin }) => {
  await page.emulateMedia({ media: "print" });
  await page.goto(`${origin}/states/voted`);
  await expect(page.getByRole("button", { name: "Pause updates" })).toBeHidden();
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page.locator("[data-mine] rect")).toBeVisible();
});

test("bars are not animated for readers who prefer reduced motion", async ({ page, origin }) => {
  await page.goto(`${origin}/states/voted`);
  const bar = page.locator("[data-mine] rect");
  await expect(bar).not.toHaveCSS("transition-duration", "0s");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await expect(bar).toHaveCSS("transition-property", "none");
});
