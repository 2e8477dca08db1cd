/** The desk of a newsroom with more polls than a page shows. */
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

test("an editor finds an old poll that is open among many newer ones", async ({
  page,
  site,
  newPoll,
}) => {
  // A hundred polls and a dozen pages.
  test.slow();
  watchConsole(page);
  const question = "Should the lighthouse be painted?";
  const slug = await newPoll({ question });
  const opensAt = new Date(Date.now() + 3_600_000).toISOString();
  for (const tens of Array.from({ length: 11 }, (_, ten) => 10 * ten)) {
    const ten = Array.from({ length: 10 }, (_, one) => `Later poll ${tens + one}?`);
    await Promise.all(ten.map(later => newPoll({ question: later, opensAt })));
  }
  await signIn(page, site.seeded.editor);
  const found = page.getByRole("link", { name: question });
  await expect(found).toHaveCount(0);
  await expect(page.getByText(/^50 of \d+ polls$/)).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("link", { name: "Older polls" }).click();
  await expect(page).toHaveURL(/before=\d+/);
  await page.getByRole("link", { name: "Older polls" }).click();
  await expect(found).toBeVisible();
  await page.getByRole("link", { name: "Newer polls" }).click();
  await expect(found).toHaveCount(0);
  await page.getByRole("link", { name: "Newest" }).click();

  const states = page.getByRole("navigation", { name: "Polls by state" });
  await states.getByRole("link", { name: /^Open/ }).click();
  await expect(page).toHaveURL(/state=open/);
  await expect(found).toBeVisible();
  await expect(page.getByRole("link", { name: "Later poll 1?" })).toHaveCount(0);

  await states.getByRole("link", { name: /^All/ }).click();
  await page.getByRole("searchbox").fill("LIGHTHOUSE painted");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL(/q=LIGHTHOUSE/);
  await expect(states.getByRole("link", { name: /^All\s*1$/ })).toBeVisible();
  await expectAccessible(page);
  await found.click();
  await expect(page).toHaveURL(new RegExp(`/studio/polls/${slug}$`));

  await page.goto("/studio?q=nothing-like-this");
  await expect(page.getByText("No polls match “nothing-like-this”.")).toBeVisible();
  await page.getByRole("link", { name: "Show all polls" }).click();
  await expect(page).toHaveURL(/studio$/);
});

test("an editor takes a poll off the public list, and puts it back", async ({
  page,
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll({ question: "Is this only for members?" });
  const inList = async () => (await (await request.get("/")).text()).includes(`/p/${slug}"`);
  await expect.poll(inList).toBe(true);
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await page.getByText("Public list", { exact: true }).click();
  await page.getByLabel("Only by its address").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect.poll(inList).toBe(false);
  expect((await request.get(`/p/${slug}`)).headers()["x-robots-tag"]).toBe("noindex");
  await page.reload();
  await page.getByText("Public list", { exact: true }).click();
  await expect(page.getByLabel("Only by its address")).toBeChecked();
  await page.getByLabel("In the public list").check();
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect.poll(inList).toBe(true);
});
