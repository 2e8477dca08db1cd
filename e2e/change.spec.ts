/** A reader changes a vote, withdraws it, and votes again, where the editor lets readers do so. */
import type { Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, test } from "./support/fixtures.ts";

const mine = "[data-mine]";

/** No, then Change my vote, and a yes that is not sent yet. */
async function voteAndThinkAgain(page: Page, slug: string): Promise<void> {
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote", exact: true }).click();
  await page.getByRole("link", { name: "Change my vote" }).click();
  await page.getByLabel("Yes, all year round").check();
}

for (const javaScriptEnabled of [true, false]) {
  const script = `${javaScriptEnabled ? "with" : "without"} script`;

  test.describe(`changes ${script}`, () => {
    test.use({ javaScriptEnabled });

    test(`a reader changes a vote, keeps it, withdraws it and votes again ${script}`, async ({
      page,
      newPoll,
    }) => {
      const slug = await newPoll({ mayChange: true });
      await page.goto(`/p/${slug}`);
      await page.getByLabel("No", { exact: true }).check();
      await page.getByRole("button", { name: "Vote", exact: true }).click();
      await expect(page.locator(mine)).toContainText("No");

      await page.getByRole("link", { name: "Change my vote" }).click();
      await expect(page.getByLabel("No", { exact: true })).toBeChecked();
      await page.getByRole("link", { name: "Keep my vote as it is" }).click();
      await expect(page.locator(mine)).toContainText("No");

      await page.getByRole("link", { name: "Change my vote" }).click();
      await page.getByLabel("Yes, all year round").check();
      await page.getByRole("button", { name: "Change my vote" }).click();
      await expect(page.locator(mine)).toHaveCount(1);
      await expect(page.locator(mine)).toContainText("Yes, all year round");
      await expect(page.locator(mine)).toContainText("100%");
      await expect(page.getByText("1 reader has voted.")).toBeVisible();

      await page.getByRole("button", { name: "Withdraw my vote" }).click();
      await expect(page.getByRole("status")).toHaveText(/^Your vote has been withdrawn\./);
      await expect(page.getByRole("button", { name: "Vote", exact: true })).toBeVisible();
      await expect(page.getByRole("radio", { checked: true })).toHaveCount(0);
      await expect(page.getByText("No reader has voted yet.")).toBeVisible();

      await page.reload();
      await page.getByLabel("Yes, but only in summer").check();
      await page.getByRole("button", { name: "Vote", exact: true }).click();
      await expect(page.locator(mine)).toContainText("Yes, but only in summer");
      await page.goto(`/p/${slug}/results`);
      await expect(page.locator(mine)).toContainText("Yes, but only in summer");
      await expect(page.getByText("1 reader has voted.")).toBeVisible();
    });

    test(`a vote changed in another window is reported, with the vote that counts, ${script}`, async ({
      page,
      context,
      newPoll,
    }) => {
      const slug = await newPoll({ mayChange: true });
      await voteAndThinkAgain(page, slug);

      const elsewhere = await context.request.post(`/api/polls/${slug}/votes`, {
        data: { choices: ["2"], replaces: 0 },
      });
      expect(elsewhere.status()).toBe(202);
      await page.getByRole("button", { name: "Change my vote" }).click();
      await expect(page.getByRole("status")).toHaveText(/changed or withdrawn your vote elsewhere/);
      await expect(page.locator(mine)).toContainText("Yes, but only in summer");
      await page.getByRole("link", { name: "Change my vote" }).click();
      await page.getByLabel("Yes, all year round").check();
      await page.getByRole("button", { name: "Change my vote" }).click();
      await expect(page.locator(mine)).toContainText("Yes, all year round");
    });

    test(`a change after the poll has closed is refused, and the vote stays, ${script}`, async ({
      page,
      newPoll,
      closePoll,
    }) => {
      const slug = await newPoll({ mayChange: true });
      await voteAndThinkAgain(page, slug);
      await closePoll(slug);
      // With scripts, the page may have noticed by itself, and has taken the form away.
      const change = page.getByRole("button", { name: "Change my vote" });
      const click = change.click({ timeout: 3_000 });
      if (javaScriptEnabled) await click.catch(() => {});
      else {
        await click;
        await expect(page.getByRole("status")).toHaveText(/Your earlier vote stays unchanged/);
      }
      // The page is left while the change may still be on its way to being refused.
      await expect(async () => {
        await page.goto(`/p/${slug}/results`);
        await expect(page.locator(mine)).toContainText("No", { timeout: 500 });
      }).toPass({ timeout: 10_000 });
      await expect(page.getByRole("link", { name: "Change my vote" })).toHaveCount(0);
    });
  });
}

test("no change is offered in a poll where votes cannot be changed", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote", exact: true }).click();
  await expect(page.locator(mine)).toContainText("No");
  await expect(page.getByText("Change my vote")).toHaveCount(0);
  await page.goto(`/p/${slug}?change`);
  await expect(page.getByRole("button", { name: "Vote", exact: true })).toBeHidden();
});

test("a vote is changed by keyboard alone, and every state is accessible", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({ mayChange: true });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText("Your vote is in. Thank you.");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Change my vote" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("No", { exact: true })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText("Your vote has been changed. Thank you.");
  await expect(page.getByRole("status")).toBeFocused();
  await expect(page.locator(mine)).toContainText("Yes, but only in summer");
  await page.getByRole("button", { name: "Withdraw my vote" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText(/^Your vote has been withdrawn\./);
  await expectAccessible(page);
});

test("the form to change ranks or grades is filled in with the earlier vote", async ({
  page,
  newPoll,
}) => {
  const ranked = await newPoll({ mayChange: true, kind: "ranked" });
  await page.goto(`/p/${ranked}`);
  const rankOf = (option: number) => page.locator(`select[name="choice.${option}"]`);
  await page.getByText("No", { exact: true }).first().click();
  await page.getByText("Yes, all year round").first().click();
  await page.getByRole("button", { name: "Vote", exact: true }).click();
  for (const reload of [false, true]) {
    if (reload) await page.goto(`/p/${ranked}?change`);
    else await page.getByRole("link", { name: "Change my vote" }).click();
    await expect(rankOf(3)).toHaveValue("3:1");
    await expect(rankOf(1)).toHaveValue("1:2");
  }
  const rating = await newPoll({ mayChange: true, kind: "rating" });
  await page.goto(`/p/${rating}`);
  const grade = page.getByRole("radiogroup", { name: "No" }).getByLabel("4");
  await grade.check();
  await page.getByRole("button", { name: "Vote", exact: true }).click();
  await page.getByRole("link", { name: "Change my vote" }).click();
  await expect(grade).toBeChecked();
});

test("a vote is changed in Arabic, from right to left", async ({ page, newPoll }) => {
  const slug = await newPoll({ mayChange: true, language: "ar" });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "صوّت" }).click();
  await page.getByRole("link", { name: "تغيير صوتي" }).click();
  await page.getByLabel("Yes, all year round").check();
  await page.getByRole("button", { name: "تغيير صوتي" }).click();
  await expect(page.getByRole("status")).toHaveText("تم تغيير صوتك. شكرًا لك.");
  await expect(page.getByRole("button", { name: "سحب صوتي" })).toBeVisible();
});

test("the receipt of a changed vote says that it was replaced", async ({ page, newPoll }) => {
  const slug = await newPoll({ mayChange: true });
  await page.goto(`/p/${slug}`);
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "Vote", exact: true }).click();
  const link = page.getByRole("link", { name: "Receipt for your vote" });
  await expect(link).toBeVisible();
  const before = await link.getAttribute("href");
  await page.getByRole("button", { name: "Withdraw my vote" }).click();
  await expect(page.getByRole("status")).toHaveText(/^Your vote has been withdrawn\./);
  const after = await link.getAttribute("href");
  const says = (path: string | null, text: string) =>
    expect(async () => {
      await page.goto(path ?? "");
      await expect(page.getByRole("article")).toContainText(text, { timeout: 500 });
    }).toPass();
  await says(before, "The later one counts, and this one does not.");
  await says(after, "Your vote has been withdrawn. No vote of yours is counted in this poll.");
});
