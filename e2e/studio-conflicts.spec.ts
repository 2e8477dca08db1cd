/** Two editors, or two tabs, at one poll: a form that is out of date is refused, and shows both sides. */
import type { APIRequestContext, Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import type { BrowserSite } from "./support/browser-site.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

/** A colleague's change, by the API. */
async function changes(
  request: APIRequestContext,
  { url, seeded }: BrowserSite,
  slug: string,
  change: object,
): Promise<void> {
  const answer = await request.patch(`${url}/api/polls/${slug}`, {
    headers: { Authorization: `Bearer ${seeded.editor.apiToken}` },
    data: change,
  });
  expect(answer.status()).toBe(200);
}

async function savedOf(request: APIRequestContext, { url, seeded }: BrowserSite, slug: string) {
  const answer = await request.get(`${url}/api/polls/${slug}`, {
    headers: { Authorization: `Bearer ${seeded.editor.apiToken}` },
  });
  return answer.json();
}

const refused = (page: Page) =>
  page.getByRole("heading", { name: "This poll was changed after you opened this form" });

test("a tab that was loaded before hidden results were hidden does not make them public", async ({
  page,
  context,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  const stale = await context.newPage();
  await stale.goto(new URL(page.url()).href);

  await page.getByText("Who sees the results").click();
  await page.getByLabel("Editors only").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect(page.getByText("The rules are saved.")).toBeVisible();

  await stale.getByText("Vote changes").click();
  await stale.getByLabel("Yes, or withdraw it").check();
  await stale.getByRole("button", { name: "Save rules" }).click();
  await expect(refused(stale)).toBeFocused();
  const panel = stale.getByRole("form").filter({ has: refused(stale) });
  await expect(panel).toContainText("Last changed");
  await expect(panel).toContainText("Saved meanwhile: Editors only (before: Everyone, even before");
  await expect(panel).toContainText("You entered: Yes, or withdraw it");
  await expectAccessible(stale);
  expect(await savedOf(request, site, slug)).toMatchObject({ resultsTo: "staff" });

  await stale.getByRole("button", { name: "Take this into the form" }).click();
  await stale.getByRole("button", { name: "Save rules" }).click();
  await expect(stale.getByText("The rules are saved.")).toBeVisible();
  await expect
    .poll(() => savedOf(request, site, slug))
    .toMatchObject({ resultsTo: "staff", mayChange: true });
});

test("when both changed the same field, the editor chooses, and neither side is lost before", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: null } as never);
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}/edit`);
  await page.getByLabel("Question").fill("My question?");
  await page.getByLabel("Explanation (optional)").fill("My explanation.");
  await changes(request, site, slug, { question: "A colleague's question?", language: "sv" });
  for (const side of ["saved", "own"] as const) {
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect(refused(page)).toBeVisible();
    const question = page.getByRole("group", { name: "Question" });
    await expect(question).toContainText("What is saved: “A colleague's question?”");
    await expect(question).toContainText("What you entered: “My question?”");
    await expect(page.getByLabel("Question", { exact: true })).toHaveValue("My question?");
    // Nothing is chosen for the editor.
    await expect(question.getByRole("radio", { checked: true })).toHaveCount(0);
    if (side === "saved") await page.reload();
    else await question.getByText("What you entered").click();
  }
  await page.getByRole("button", { name: "Take this into the form" }).click();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("The changes are saved.")).toBeVisible();
  await expect
    .poll(() => savedOf(request, site, slug))
    .toMatchObject({
      question: "My question?",
      description: "My explanation.",
      language: "sv",
    });
});

test("opening, closing and deleting a poll that a colleague has changed is refused first", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ opensAt: null } as never);
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  for (const act of ["Delete…", "Open now…"]) {
    await changes(request, site, slug, { question: `Changed before ${act}` });
    await page.getByRole("button", { name: act }).click();
    await expect(refused(page)).toBeVisible();
    await expect(page.getByText(`Saved meanwhile: “Changed before ${act}”`)).toBeVisible();
    await expect(page.getByRole("alertdialog")).toHaveCount(0);
    await page.reload();
  }
  await changes(request, site, slug, { question: "Another question?" });
  await page.getByRole("button", { name: "Open now…" }).click();
  await page.getByRole("button", { name: "Go on with the poll as it is now" }).click();
  await expect(page.getByText("You see the poll as it is saved now.")).toBeVisible();
  await page.getByRole("button", { name: "Open now…" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Open now" }).click();
  await expect(page.getByText("The poll is open.")).toBeVisible();

  await changes(request, site, slug, { mayChange: true });
  await page.getByRole("button", { name: "Close now…" }).click();
  await expect(refused(page)).toBeVisible();
  await expect.poll(async () => (await savedOf(request, site, slug)).state).toBe("open");
});

test("a closing time is refused when the poll was changed meanwhile, also after Back", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await page.getByRole("link", { name: "All polls" }).click();
  await expect(page.getByRole("heading", { name: "Polls", exact: true })).toBeVisible();
  await changes(request, site, slug, { closesAt: "2031-01-10T19:00:00Z" });
  await page.goBack();
  await page.getByLabel("Closes", { exact: true }).fill("2032-02-02T20:00");
  await page.getByRole("button", { name: "Save closing time" }).click();
  const saved = async () => (await savedOf(request, site, slug)).closesAt;
  const conflict = page.getByRole("group", { name: "Closes" });
  // A browser may have asked for the page again: then the field had the newer time, and there is nothing to refuse.
  await expect(conflict.or(page.getByText("The closing time is saved."))).toBeVisible();
  if (await conflict.isVisible()) {
    await expect(conflict).toContainText("What is saved: 2031-01-10 20:00");
    expect(await saved()).toBe("2031-01-10T19:00:00.000Z");
  }
});

test("a form is refused when its poll was deleted and another one got its address", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = `same-address-${Date.now()}`;
  await newPoll({ slug, opensAt: null } as never);
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}/edit`);
  await page.getByLabel("Question").fill("Meant for the first poll?");
  await request.delete(`${site.url}/api/polls/${slug}`, {
    headers: { Authorization: `Bearer ${site.seeded.editor.apiToken}` },
  });
  await newPoll({ slug, opensAt: null, question: "The second poll?" } as never);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("This poll has been deleted, so nothing was saved.")).toBeVisible();
  await expect(page.getByLabel("Question")).toHaveValue("Meant for the first poll?");
  expect(await savedOf(request, site, slug)).toMatchObject({ question: "The second poll?" });
});
