/**
 * What every end-to-end test has: the site's addresses, polls of its own, and a page whose console must
 * stay clean.
 */
import { test as base, expect, type Page } from "playwright/test";
import { type BrowserSite, startBrowserSite } from "./browser-site.ts";

interface WorkerFixtures {
  readonly browserSite: BrowserSite;
}

interface Fixtures {
  readonly site: BrowserSite;
  /** The site as browsers see it. */
  readonly origin: string;
  /** Creates a poll by the API; gives its slug. */
  readonly newPoll: (poll?: Partial<PollInput>) => Promise<string>;
  readonly closePoll: (slug: string) => Promise<void>;
}

export interface PollInput {
  readonly slug: string;
  readonly question: string;
  readonly description: string;
  readonly options: readonly {
    readonly label: string;
    readonly pinned?: boolean;
    readonly image?: { readonly url: string; readonly alt: string };
  }[];
  readonly optionOrder: string;
  readonly choicesMin: number;
  readonly choicesMax: number;
  readonly opensAt: string;
  readonly closesAt: string;
  readonly language: string;
  readonly kind: string;
  readonly resultsTo: string;
  readonly resultsFrom: string;
  readonly resultsAs: string;
  readonly afterVote: string;
  readonly afterVoteText: string;
  readonly afterVoteLink: string;
  readonly mayChange: boolean;
}

const labels = ["Yes, all year round", "Yes, but only in summer", "No", "I don’t go there"];

export const test = base.extend<Fixtures, WorkerFixtures>({
  browserSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern
    async ({}, use) => {
      const site = await startBrowserSite();
      await use(site);
      await site.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  site: async ({ browserSite }, use) => {
    await use(browserSite);
  },
  origin: async ({ site }, use) => {
    // A name that browsers take for trustworthy, so that they say where a request comes from.
    await use(site.url.replace("127.0.0.1", "localhost"));
  },
  baseURL: async ({ origin }, use) => {
    await use(origin);
  },
  newPoll: async ({ site, request }, use) => {
    let count = 0;
    await use(async poll => {
      const response = await request.post(`${site.url}/api/polls`, {
        headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
        data: {
          question: `Should the old harbour be closed to cars (${++count})?`,
          description: "The council votes on Tuesday.",
          options: labels.map(label => ({ label })),
          opensAt: new Date(Date.now() - 1_000).toISOString(),
          ...poll,
        },
      });
      expect(response.status()).toBe(201);
      return ((await response.json()) as { slug: string }).slug;
    });
  },
  closePoll: async ({ site, request }, use) => {
    await use(async slug => {
      await request.post(`${site.url}/api/polls/${slug}/close`, {
        headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
      });
    });
  },
});

/** Fails the test on anything that the page complains about, but for what `allowed` says. */
export function watchConsole(page: Page, allowed: RegExp = /^$/): void {
  page.on("pageerror", error => expect(error.message, "an error in the page").toMatch(allowed));
  page.on("console", message => {
    if (message.type() === "error") expect(message.text(), "in the console").toMatch(allowed);
  });
}

let signIns = 0;
/** Sign-ins by address and editor: a site takes ten attempts a minute from one address. */
const sessions = new Map<string, Awaited<ReturnType<ReturnType<Page["context"]>["cookies"]>>>();

/** Into the studio, with an earlier test's session if it has not ended. */
export async function signIn(
  page: Page,
  editor: { email: string; password: string },
): Promise<void> {
  const polls = page.getByRole("heading", { name: "Polls", exact: true });
  const context = page.context();
  await page.goto("/studio");
  await expect(page).toHaveURL(/sign-in$/);
  const key = `${new URL(page.url()).origin} ${editor.email}`;
  await context.addCookies(sessions.get(key) ?? []);
  await page.goto("/studio");
  const form = page.getByLabel("Email");
  await expect(polls.or(form)).toBeVisible();
  if (await polls.isVisible()) return;
  // Each from an address of its own.
  await page.route("**/api/auth/sign-in/**", route =>
    route.continue({
      headers: { ...route.request().headers(), "x-forwarded-for": `203.0.113.${++signIns}` },
    }),
  );
  await form.fill(editor.email);
  await page.getByLabel("Password").fill(editor.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(polls).toBeVisible();
  sessions.set(key, await context.cookies());
}

export { expect };
