/** An editor signs in, creates a poll, opens and closes it. */
import { randomUUID } from "node:crypto";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

test("creates a poll with the real card beside it, opens it, and closes it", async ({
  page,
  site,
}) => {
  watchConsole(page);
  await signIn(page, site.seeded.editor);
  await expectAccessible(page);
  await page.getByRole("link", { name: "New poll" }).click();
  await page.getByLabel("Question").fill("Which bridge should be painted?");
  await page.getByLabel("Options, one a line").fill("North bridge\nSouth bridge\n\nBoth");
  const preview = page.frameLocator("iframe[title='Preview of the poll']");
  await expect(
    preview.getByRole("group", { name: "Which bridge should be painted?" }),
  ).toBeVisible();
  await expect(preview.getByLabel("Both")).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Save; open later" }).click();
  await expect(
    page.getByRole("heading", { name: "Which bridge should be painted?" }),
  ).toBeVisible();
  await expect(page.getByText("Draft", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Open now" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Open now" }).click();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Close now" }).click();
  await expectAccessible(page);
  await page.getByRole("alertdialog").getByRole("button", { name: "Close now" }).click();
  await expect(page.getByText(/^(Closing|Final)/)).toBeVisible();
});

test("lets a poll's votes go behind the others'", async ({ page, site, request, newPoll }) => {
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await page.getByText("When too many vote at once").click();
  await page.getByLabel("Let the others pass").check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save rules" }).click();
  const lane = async () => (await (await request.get(`${site.url}/api/polls/${slug}`)).json()).lane;
  await expect.poll(lane).toBe("low");
  await page.reload();
  await page.getByText("When too many vote at once").click();
  await expect(page.getByLabel("Let the others pass")).toBeChecked();
});

test("sees the books of a poll and of all polls, lost too when it is 0", async ({
  page,
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll();
  const vote = await request.post(`${site.url}/api/polls/${slug}/votes`, {
    data: { choices: ["1"], ballotId: randomUUID() },
  });
  expect(vote.status()).toBe(202);
  await signIn(page, site.seeded.editor);
  const all = page.getByRole("region", { name: "The books of all polls" });
  await expect(all.getByText("Both sides agree.")).toBeVisible();
  const lost = all.getByRole("term").filter({ hasText: "Lost" });
  await expect(lost.locator("+ dd")).toHaveText("0");
  await expectAccessible(page);
  await page.goto(`/studio/polls/${slug}`);
  const books = page.getByRole("region", { name: "The books", exact: true });
  await expect(books.getByRole("row", { name: /^Lost/ })).toContainText(/0$/);
  await expect(async () => {
    await page.reload();
    await expect(books.getByRole("row", { name: /^Accepted/ })).toContainText(/1$/, { timeout: 1 });
    await expect(books.getByRole("row", { name: /^Counted/ })).toContainText(/1$/, { timeout: 1 });
  }).toPass();
  await expectAccessible(page);
});

test("is told what is wrong with a poll, field by field", async ({ page, site }) => {
  await signIn(page, site.seeded.editor);
  await page.goto("/studio/new");
  await page.getByLabel("Question").fill("Only one?");
  await page.getByLabel("Options, one a line").fill("One");
  await page.getByRole("button", { name: "Open now" }).click();
  await expect(page.getByText("Must be at least 2.")).toBeVisible();
  await expect(page.getByLabel("Question")).toHaveValue("Only one?");
  await expect(page.getByLabel("Options, one a line")).toHaveValue("One");
});

test("reads and changes nothing without signing in", async ({ page, request, site }) => {
  for (const path of ["/studio", "/studio/new", "/studio/polls/harbour-cars"]) {
    await page.goto(path);
    await expect(page).toHaveURL(/sign-in$/);
  }
  await expectAccessible(page);
  const preview = await request.get(`${site.url}/studio/preview`);
  expect(preview.status()).toBe(401);
});

test("can't be shown in another site's frame", async ({ request, site }) => {
  for (const path of ["/studio", "/studio/sign-in", "/studio/nowhere"]) {
    const { headers } = {
      headers: (await request.get(site.url + path, { maxRedirects: 0 })).headers(),
    };
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-frame-options"]).toBe("DENY");
    expect(headers["cache-control"]).toContain("no-store");
  }
});

test("signs out for good: the old cookie opens nothing", async ({ page, context, site }) => {
  await signIn(page, site.seeded.editor);
  const cookies = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/sign-in$/);
  await context.addCookies(cookies);
  await page.goto("/studio");
  await expect(page).toHaveURL(/sign-in$/);
});

test("is told where to sign in, at another address than the studio's own", async ({
  page,
  site,
}) => {
  // By its number, where PUBLIC_URL says localhost.
  await page.goto(`${site.url}/studio/sign-in`);
  await page.getByLabel("E-mail").fill(site.seeded.editor.email);
  await page.getByLabel("Password").fill(site.seeded.editor.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/^Sign in at the studio's own address: http/)).toBeVisible();
});

test("is refused wrong passwords, and then further attempts", async ({ page, request, site }) => {
  await page.goto("/studio/sign-in");
  await page.getByLabel("E-mail").fill(site.seeded.editor.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "do not go together" })).toBeVisible();
  const statuses: number[] = [];
  for (let i = 0; i < 15; i++) {
    const answer = await request.post(`${site.url}/api/auth/sign-in/email`, {
      data: { email: site.seeded.editor.email, password: `guess ${i}` },
    });
    statuses.push(answer.status());
  }
  expect(statuses).toContain(429);
  expect(statuses.at(-1)).toBe(429);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Too many attempts" })).toBeVisible();
});
