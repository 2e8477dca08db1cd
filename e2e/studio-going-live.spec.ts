/** Going live is one deliberate act: the studio says what will happen, and the editor confirms it. */
import type { APIRequestContext, Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import type { BrowserSite } from "./support/browser-site.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

const day = 24 * 3_600_000;

/** In a `datetime-local` field, in Stockholm. */
function fieldTime(ms: number): string {
  const text = new Date(ms).toLocaleString("sv-SE", { timeZone: "Europe/Stockholm" });
  return text.slice(0, 16).replace(" ", "T");
}

async function startPoll(page: Page, question: string): Promise<void> {
  await page.goto("/studio/new");
  await page.getByLabel("Options, one per line").fill("Yes\nNo");
  await page.getByLabel("Question").fill(question);
}

/** The state of the poll whose page is open, as readers and programs get it. */
async function stateOf(page: Page, request: APIRequestContext, site: BrowserSite) {
  await page.waitForURL(/\/studio\/polls\//);
  const slug = new URL(page.url()).pathname.split("/").at(-1);
  const answer = await request.get(`${site.url}/api/polls/${slug}`, {
    headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
  });
  return (await answer.json()) as { state: string; opensAt: string | null; slug: string };
}

test("Enter in any field of a new poll saves a draft, and keeps the opening time that was typed", async ({
  page,
  request,
  site,
}) => {
  watchConsole(page);
  await signIn(page, site.seeded.editor);
  for (const label of ["Question", "Closes (optional)", "Opens (optional)"]) {
    await startPoll(page, `Does Enter in ${label} publish?`);
    const opens = fieldTime(Date.now() + 30 * day);
    await page.getByLabel("Opens (optional)").fill(opens);
    await page.getByLabel(label).press("Enter");
    expect(await stateOf(page, request, site)).toMatchObject({ state: "draft", opensAt: null });
    await expect(page.getByText("The draft is saved. It does not open by itself")).toBeVisible();
    await expect(page.getByLabel("Opens", { exact: true })).toHaveValue(opens);
    await expect(page.getByText(/^Restored what you typed at \d\d:\d\d$/)).toBeVisible();
  }
});

test("without script, Enter and the only submit button save a draft", async ({
  page,
  browser,
  request,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  const storageState = await page.context().storageState();
  const context = await browser.newContext({ storageState, javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(`${new URL(page.url()).origin}/studio/new`);
  await plain.getByLabel("Options, one per line").fill("Yes\nNo");
  await plain.getByLabel("Opens (optional)").fill(fieldTime(Date.now() - day));
  await plain.getByLabel("Question").fill("Without a script?");
  await plain.getByLabel("Question").press("Enter");
  expect(await stateOf(plain, request, site)).toMatchObject({ state: "draft" });
  await context.close();
});

test("opening a new poll says what will happen; Escape opens nothing", async ({
  page,
  request,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await startPoll(page, "Shall we open at once?");
  await page.getByLabel("Opens (optional)").fill(fieldTime(Date.now() + 30 * day));
  await page.getByLabel("Closes (optional)").fill("2031-01-10T20:00");
  await page.getByRole("button", { name: "Open now…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Open this poll now?" });
  await expect(dialog).toContainText("It does not wait for the opening time");
  await expect(dialog).toContainText("Readers can vote at once.");
  await expect(dialog).toContainText("can’t be changed any more");
  await expect(dialog).toContainText("It closes Fri 10 Jan 2031, 20:00");
  await expectAccessible(page);
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(/\/new$/);
  await expect(page.getByLabel("Question")).toHaveValue("Shall we open at once?");
  await page.getByRole("button", { name: "Open now…" }).click();
  await dialog.getByRole("button", { name: "Open now" }).click();
  await expect(page.getByText("The poll is open.")).toBeVisible();
  expect(await stateOf(page, request, site)).toMatchObject({ state: "open" });
});

test("scheduling with a time that has passed asks whether to open now", async ({
  page,
  request,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await startPoll(page, "Is the time over?");
  await page.getByLabel("Opens (optional)").fill(fieldTime(Date.now() - day));
  await page.getByRole("button", { name: "Schedule…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Open this poll now?" });
  await expect(dialog).toContainText("has passed, so it opens now. Readers can vote at once.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Opens (optional)").fill(fieldTime(Date.now() + 30 * day));
  await page.getByRole("button", { name: "Schedule…" }).click();
  const schedule = page.getByRole("alertdialog", { name: "Schedule this poll?" });
  await expect(schedule).toContainText("It opens by itself on");
  await schedule.getByRole("button", { name: "Schedule" }).click();
  expect(await stateOf(page, request, site)).toMatchObject({ state: "scheduled" });

  await page.getByLabel("Opens", { exact: true }).fill(fieldTime(Date.now() - day));
  await page.getByLabel("Opens", { exact: true }).press("Enter");
  await expect(dialog).toContainText("has passed, so it opens now.");
  expect(await stateOf(page, request, site)).toMatchObject({ state: "scheduled" });
  await page.keyboard.press("Escape");
  await page.getByLabel("Opens", { exact: true }).fill("");
  await page.getByLabel("Opens", { exact: true }).press("Enter");
  await expect(page.getByText("The poll is a draft.")).toBeVisible();
  // A front may remember the poll for a second.
  await expect.poll(async () => (await stateOf(page, request, site)).state).toBe("draft");
});

test("a draft is edited before it is opened, and editing does not open it", async ({
  page,
  request,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  await startPoll(page, "Which brige?");
  await page.getByRole("button", { name: "Save draft" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Question").fill("Which bridge?");
  await page.getByLabel("Options, one per line").fill("North\nSouth\nBoth");
  await page.getByLabel("Question").press("Enter");
  await expect(page.getByRole("heading", { name: "Which bridge?" })).toBeVisible();
  await expect(page.getByText("The changes are saved.")).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Both" })).toBeVisible();
  expect(await stateOf(page, request, site)).toMatchObject({ state: "draft" });
});

test("rules that show hidden results to more people are asked about", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ resultsTo: "staff" });
  const audience = async () =>
    (await (await request.get(`${site.url}/api/polls/${slug}`)).json()).resultsTo;
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await page.getByText("Who sees the results").click();
  await page.getByLabel("Everyone, even before voting").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Show more of the results?" });
  await expect(dialog).toContainText("Until now: Editors only. From now on: Everyone");
  await expect(dialog).toContainText("What has been seen can’t be hidden again.");
  await page.keyboard.press("Escape");
  expect(await audience()).toBe("staff");
  await page.getByRole("button", { name: "Save rules" }).click();
  await dialog.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByText("The rules are saved.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save rules" })).toBeFocused();
  await expect.poll(audience).toBe("everyone");
  // Hiding them again needs no question.
  await page.getByLabel("Editors only").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect.poll(audience).toBe("staff");
});
