/** What an editor typed is not lost: by a reload, Back, an ended session, or a save that fails. */
import type { Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

const question = (page: Page) => page.getByLabel("Question", { exact: true });
const options = (page: Page) => page.getByLabel("Options, one per line");
const restored = (page: Page) => page.getByText(/^Restored what you typed at \d\d:\d\d$/);

async function type(page: Page, text: string): Promise<void> {
  await page.goto("/studio/new");
  await question(page).fill(text);
  await options(page).fill("North\nSouth");
  await page.getByLabel("Rank the options").check();
  await page.getByText("After voting").click();
  await page.getByLabel("A thank-you message").check();
}

async function expectTyped(page: Page, text: string): Promise<void> {
  await expect(restored(page)).toBeVisible();
  await expect(question(page)).toHaveValue(text);
  await expect(options(page)).toHaveValue("North\nSouth");
  await expect(page.getByLabel("Rank the options")).toBeChecked();
  await expect(page.getByLabel("A thank-you message")).toBeChecked();
}

test("a reload, a link and Back leave what was typed in a new poll, until it is discarded", async ({
  page,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await type(page, "Typed and not saved?");
  await page.reload();
  await expectTyped(page, "Typed and not saved?");
  const preview = page.frameLocator("iframe").getByRole("group", { name: "Typed and not saved?" });
  await expect(preview).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Studio", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Polls", exact: true })).toBeVisible();
  await page.goBack();
  await expectTyped(page, "Typed and not saved?");
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(question(page)).toHaveValue("");
  await page.reload();
  await expect(options(page)).toHaveValue("");
  await expect(restored(page)).toHaveCount(0);
});

test("what was saved is not restored, and a closed tab's text is offered to the next", async ({
  page,
  context,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  const closed = await context.newPage();
  await type(closed, "In a tab that closes?");
  await closed.close();
  await page.goto("/studio/new");
  await expect(question(page)).toHaveValue("");
  await expect(page.getByText(/^You typed in this form in another tab at/)).toBeVisible();
  await page.getByRole("button", { name: "Show it here" }).click();
  await expectTyped(page, "In a tab that closes?");
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("The draft is saved.")).toBeVisible();
  await page.goto("/studio/new");
  await expect(question(page)).toHaveValue("");
  await expect(restored(page)).toHaveCount(0);
});

test("a session that ended leads to the sign-in page and back to the filled form", async ({
  page,
  context,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await type(page, "Signed out meanwhile?");
  await context.clearCookies();
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page).toHaveURL(/\/studio\/sign-in\?next=%2Fstudio%2Fnew$/);
  await expect(page.getByText("What you have typed is kept on this device.")).toBeVisible();
  await page.getByLabel("Email").fill(site.seeded.editor.email);
  await page.getByLabel("Password").fill(site.seeded.editor.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/studio\/new$/);
  await expectTyped(page, "Signed out meanwhile?");
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("The draft is saved.")).toBeVisible();
});

test("signing in leads to the page that was asked for, and never to another site", async ({
  page,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  const enter = async () => {
    await page.getByLabel("Email").fill(site.seeded.editor.email);
    await page.getByLabel("Password").fill(site.seeded.editor.password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await page.goto(`/studio/polls/${slug}`);
  await enter();
  await expect(page).toHaveURL(new RegExp(`/studio/polls/${slug}$`));
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/sign-in$/);
  await page.goto("/studio/sign-in?next=//evil.example/studio");
  await enter();
  await expect(page.getByRole("heading", { name: "Polls", exact: true })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/studio");
  await page.goto("/studio/sign-in?next=https%3A%2F%2Fevil.example%2Fstudio");
  await expect(page).toHaveURL(/\/studio$/);
});

test("signing out with unsaved text asks, and leaves none of it on the device", async ({
  page,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await type(page, "Nobody else's business?");
  await page.getByRole("button", { name: "Sign out" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Sign out and delete what you typed?" });
  await expect(dialog).toContainText("in one form is not saved");
  await page.keyboard.press("Escape");
  await expect(question(page)).toHaveValue("Nobody else's business?");
  await page.getByRole("button", { name: "Sign out" }).click();
  await dialog.getByRole("button", { name: "Sign out and delete" }).click();
  await expect(page).toHaveURL(/sign-in$/);
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  expect(stored).not.toContain("business");
});

test("a database that is away at Save is said beside the form, which keeps what was typed", async ({
  page,
  site,
}) => {
  test.slow();
  await signIn(page, site.seeded.editor);
  await type(page, "While the database is away?");
  process.kill(site.databasePid, "SIGSTOP");
  try {
    await page.getByRole("button", { name: "Save draft" }).click();
    await expect(
      page.getByRole("alert").filter({ hasText: /can’t be reached|did not confirm/ }),
    ).toBeVisible({ timeout: 15_000 });
    await expect(question(page)).toHaveValue("While the database is away?");
  } finally {
    process.kill(site.databasePid, "SIGCONT");
  }
  await expect(async () => {
    await page.getByRole("button", { name: "Save draft" }).click();
    await expect(page.getByText("The draft is saved.")).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 20_000 });
});

for (const [what, answer] of [
  ["is restarting", { status: 503, contentType: "application/problem+json", body: "{}" }],
  ["can't be reached", undefined],
  ["was updated", { status: 404, headers: { "x-nextjs-action-not-found": "1" }, body: "" }],
] as const) {
  test(`a studio that ${what} at Save says so beside the form, which keeps what was typed`, async ({
    page,
    site,
  }) => {
    await signIn(page, site.seeded.editor);
    await type(page, "While the studio is away?");
    await page.route("**/studio/new", route => {
      if (route.request().method() !== "POST") return route.continue();
      return answer ? route.fulfill(answer) : route.abort();
    });
    await page.getByRole("button", { name: "Save draft" }).click();
    const said = what === "was updated" ? "has been updated" : "can’t be reached right now";
    await expect(page.getByRole("alert").filter({ hasText: said })).toBeVisible();
    await expect(question(page)).toHaveValue("While the studio is away?");
    await page.unroute("**/studio/new");
    await page.reload();
    await expectTyped(page, "While the studio is away?");
  });
}

test("errors get the focus, the title and a sentence; a save is said, and the focus stays", async ({
  page,
  site,
  newPoll,
}) => {
  await signIn(page, site.seeded.editor);
  await page.goto("/studio/new");
  await question(page).fill("Which of two?");
  await options(page).fill("Same\nSame");
  await page.getByLabel("Several options").or(page.getByLabel("Choose several options")).check();
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(options(page)).toBeFocused();
  await expect(options(page)).toBeInViewport();
  await expect(page).toHaveTitle(/^Error: /);
  await expect(
    page.getByRole("alert").filter({ hasText: /Nothing was saved\. .*Options/ }),
  ).toHaveCount(1);
  await expectAccessible(page);
  await options(page).fill("One\nTwo\nThree");
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("The draft is saved.")).toBeVisible();
  await expect(page).not.toHaveTitle(/^Error: /);

  await page.goto(`/studio/polls/${await newPoll()}`);
  await page.getByText("Vote changes").click();
  await page.getByLabel("Yes, or withdraw it").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect(page.getByRole("status").filter({ hasText: "The rules are saved." })).toBeVisible();
  await expect(page.getByRole("button", { name: "Save rules" })).toBeFocused();
});

test("what is typed before the page's script has begun stays, and the preview shows it", async ({
  page,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  let begin = () => {};
  const begun = new Promise<void>(resolve => {
    begin = resolve;
  });
  await page.route("**/_next/**/*.js", async route => {
    await begun;
    await route.continue();
  });
  await page.goto("/studio/new", { waitUntil: "commit" });
  await question(page).fill("Typed early?");
  await question(page).focus();
  begin();
  const preview = page.frameLocator("iframe[title='Preview of the poll']");
  await expect(preview.getByRole("group", { name: "Typed early?" })).toBeVisible();
  await expect(question(page)).toHaveValue("Typed early?");
  await expect(question(page)).toBeFocused();
  await page.getByLabel("Options, one per line").fill("Yes");
  await expect(question(page)).toHaveValue("Typed early?");
});
