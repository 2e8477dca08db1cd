/** Answers of the real site, changed on their way to the page. */
import type { Page } from "playwright/test";

type Headers = Readonly<Record<string, string>>;

export interface ChangedAnswer {
  readonly json: object;
  readonly headers?: Headers;
}

/** Changes every JSON answer of these addresses. A request that its page has given up meanwhile gets none. */
export async function changeAnswers(
  page: Page,
  addresses: string,
  change: (json: object, headers: Headers) => ChangedAnswer,
): Promise<void> {
  await page.route(addresses, async route => {
    try {
      const response = await route.fetch();
      await route.fulfill({ response, ...change(await response.json(), response.headers()) });
    } catch {
      await route.abort().catch(() => {});
    }
  });
}
