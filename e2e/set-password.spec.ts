/** A new editor opens the one-time link, sets a password and is in the studio. */
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

test("a new editor sets a password at the link and is signed in; the used link says so", async ({
  page,
  site,
  origin,
}) => {
  watchConsole(page);
  const email = `jane-${Date.now()}@newsroom.example`;
  const link = await site.run("editor", ["add", email]);
  const { pathname, search } = new URL(link.trim());
  const at = `${origin}${pathname}${search}`;
  await page.goto(at);
  await expect(page.getByRole("heading", { name: "Set your password" })).toBeVisible();
  await expect(page.getByLabel("Email")).toHaveValue(email);
  await expectAccessible(page);

  const field = page.getByLabel("Password", { exact: true });
  await field.fill("four words and more");
  await page.getByLabel("Show the password").check();
  await expect(field).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Set password and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Polls", exact: true })).toBeVisible();

  await page.goto(at);
  await expect(page.getByRole("heading", { name: "This link no longer works" })).toBeVisible();
  await expect(page.getByText("floodgate editor reset")).toBeVisible();
  await expectAccessible(page);
});
