/** What editors see while MySQL is silent. Apart from the studio's other tests: one may sign in ten times a minute. */
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

test("the studio and the sign-in page report an unreachable database, and recover", async ({
  page,
  site,
}) => {
  await signIn(page, site.seeded.editor);
  process.kill(site.databasePid, "SIGSTOP");
  try {
    await page.goto("/studio");
    await expect(page.getByText("This page can’t be loaded right now")).toBeVisible();
    await expectAccessible(page);
    await page.context().clearCookies();
    await page.goto("/studio/sign-in");
    await page.getByLabel("Email").fill(site.seeded.editor.email);
    await page.getByLabel("Password").fill(site.seeded.editor.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText(/^Sign-in is unavailable right now/)).toBeVisible();
  } finally {
    process.kill(site.databasePid, "SIGCONT");
  }
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Polls", exact: true })).toBeVisible();
});
