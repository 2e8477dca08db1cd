/** How far a page's content has moved by itself: the sum of all layout shifts, also of those after input. */
import type { Page } from "playwright/test";

/** Counts the shifts of all pages that are opened from now on. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const target = window as unknown as { shifts: number };
    target.shifts = 0;
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) {
        target.shifts += (entry as unknown as { value: number }).value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

/** The sum so far, on the page as it is loaded now. */
export const shiftsOn = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { shifts: number }).shifts);
