/** Accessibility by axe-core: every rule of WCAG 2.2 A and AA that a machine can check. */
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import { expect, type Page } from "playwright/test";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const options: RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};

declare global {
  interface Window {
    axe: { run(context: Document, options: RunOptions): Promise<AxeResults> };
  }
}

/** Fails with what is wrong, where, and how to put it right. */
export async function expectAccessible(page: Page): Promise<void> {
  // Between two pages of the studio React takes the old title out a moment before the new one is in.
  await expect(page).toHaveTitle(/./);
  // By a script of the test's own, past the page's policy, which forbids inline scripts.
  const source = await import("node:fs").then(fs => fs.readFileSync(axePath, "utf8"));
  await page.evaluate(source);
  const { violations } = await page.evaluate(
    runOptions => window.axe.run(document, runOptions),
    options,
  );
  const found = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    where: nodes.map(node => node.target.join(" ")),
  }));
  expect(found).toEqual([]);
}
