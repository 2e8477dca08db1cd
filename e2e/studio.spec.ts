/** An editor signs in, creates a poll, opens and closes it. */
import { randomUUID } from "node:crypto";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

test("an editor creates a poll with a live preview, opens it, and closes it", async ({
  page,
  site,
}) => {
  watchConsole(page);
  await signIn(page, site.seeded.editor);
  await expectAccessible(page);
  await page.getByRole("link", { name: "New poll" }).click();
  await page.getByLabel("Question", { exact: true }).fill("Which bridge should be painted?");
  await page.getByLabel("Options, one per line").fill("North bridge\nSouth bridge\n\nBoth");
  const preview = page.frameLocator("iframe[title='Preview of the poll']");
  await expect(
    preview.getByRole("group", { name: "Which bridge should be painted?" }),
  ).toBeVisible();
  await expect(preview.getByLabel("Both")).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(
    page.getByRole("heading", { name: "Which bridge should be painted?" }),
  ).toBeVisible();
  await expect(page.getByText("Draft", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Open now" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Open now" }).click();
  await expect(page.getByText("Open", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Close now" }).click();
  await expectAccessible(page);
  await page.getByRole("alertdialog").getByRole("button", { name: "Close now" }).click();
  await expect(page.getByText(/^(Closed|Final)/)).toBeVisible();
});

test("an editor gives a poll a lower priority", async ({ page, site, request, newPoll }) => {
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  await page.getByText("Priority when too many vote at once").click();
  await page.getByLabel("After other polls").check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save rules" }).click();
  const lane = async () => (await (await request.get(`${site.url}/api/polls/${slug}`)).json()).lane;
  await expect.poll(lane).toBe("low");
  await page.reload();
  await page.getByText("Priority when too many vote at once").click();
  await expect(page.getByLabel("After other polls")).toBeChecked();
});

test("the studio shows the books of a poll and of all polls, with lost votes even at 0", async ({
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
  await expect(all.getByText("Every vote is accounted for.")).toBeVisible();
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

test("the form for a new poll reports errors by field", async ({ page, site }) => {
  await signIn(page, site.seeded.editor);
  await page.goto("/studio/new");
  await page.getByLabel("Question").fill("Only one?");
  await page.getByLabel("Options, one per line").fill("One");
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("Must have at least 2 options.")).toBeVisible();
  await expect(page.getByLabel("Question")).toHaveValue("Only one?");
  await expect(page.getByLabel("Options, one per line")).toHaveValue("One");
});

test("the studio is closed without a session", async ({ page, request, site }) => {
  for (const path of ["/studio", "/studio/new", "/studio/polls/harbour-cars"]) {
    await page.goto(path);
    await expect(page).toHaveURL(/sign-in(\?|$)/);
  }
  await expectAccessible(page);
  const preview = await request.get(`${site.url}/studio/preview`);
  expect(preview.status()).toBe(401);
});

test("no site may frame the studio", async ({ request, site }) => {
  for (const path of ["/studio", "/studio/sign-in", "/studio/nowhere"]) {
    const { headers } = {
      headers: (await request.get(site.url + path, { maxRedirects: 0 })).headers(),
    };
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-frame-options"]).toBe("DENY");
    expect(headers["cache-control"]).toContain("no-store");
  }
});

test("the cookie of a signed-out session is refused", async ({ page, context, site }) => {
  await signIn(page, site.seeded.editor);
  const cookies = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/sign-in$/);
  await context.addCookies(cookies);
  await page.goto("/studio");
  await expect(page).toHaveURL(/sign-in$/);
});

test("sign-in at another address names the studio's own address", async ({ page, site }) => {
  // By its number, where PUBLIC_URL says localhost.
  await page.goto(`${site.url}/studio/sign-in`);
  await page.getByLabel("Email").fill(site.seeded.editor.email);
  await page.getByLabel("Password").fill(site.seeded.editor.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(
    page.getByText(/^Sign-in only works at the studio’s own address. Go to http/),
  ).toBeVisible();
});

test("wrong passwords are refused, and after too many all sign-in attempts", async ({
  page,
  request,
  site,
}) => {
  await page.goto("/studio/sign-in");
  await page.getByLabel("Email").fill(site.seeded.editor.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(
    page.getByRole("alert").filter({ hasText: "Wrong email address or password" }),
  ).toBeVisible();
  // Again when a new minute, with new attempts, has begun meanwhile.
  await expect(async () => {
    let status = 0;
    for (let guess = 0; guess < 15 && status !== 429; guess++) {
      const data = { email: "guessed@newsroom.example", password: `guess ${guess}` };
      status = (await request.post(`${site.url}/api/auth/sign-in/email`, { data })).status();
    }
    expect(status).toBe(429);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(
      page.getByRole("alert").filter({ hasText: "Too many sign-in attempts" }),
    ).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 20_000 });
});
