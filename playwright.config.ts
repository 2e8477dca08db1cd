import { defineConfig } from "playwright/test";
import { findProgram } from "#scripts/services/programs.ts";

/** Debian's browser: Playwright's own can't be had everywhere, and readers do not use it. */
const executablePath = findProgram("chromium");

export default defineConfig({
  testDir: "e2e",
  outputDir: ".cache/e2e",
  fullyParallel: false,
  workers: 2,
  forbidOnly: true,
  retries: 0,
  timeout: 30_000,
  snapshotPathTemplate: "e2e/baselines/{arg}{ext}",
  expect: {
    timeout: 5_000,
    // Another Chromium draws edges of letters a little differently.
    toHaveScreenshot: { maxDiffPixelRatio: 0.02, animations: "disabled" },
  },
  reporter: "list",
  use: {
    browserName: "chromium",
    headless: true,
    screenshot: "only-on-failure",
    locale: "en-GB",
    timezoneId: "Europe/Stockholm",
    launchOptions: {
      ...(executablePath && { executablePath }),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--font-render-hinting=none",
      ],
    },
  },
});
