/** What else there is to do on a card, with nothing but the keyboard. */
import type { Locator, Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

/** By Tab alone, as far as it takes; what has the focus must be seen to have it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const reached = () => target.evaluate(element => element === document.activeElement);
  for (let presses = 0; presses < 30 && !(await reached()); presses++) {
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
  const ring = await page.evaluate(() => {
    const focused = document.activeElement as Element;
    const within = focused.closest(".poll-option, .poll-grade") ?? focused;
    return getComputedStyle(within).outlineStyle;
  });
  expect(ring).toBe("solid");
}

async function voteByKeyboard(page: Page, slug: string): Promise<void> {
  await page.goto(`/p/${slug}`);
  await tabTo(page, page.getByLabel("Yes, all year round"));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByRole("button", { name: "Vote" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your vote is in. Thank you.")).toBeFocused();
}

test("updates are paused, results copied and shared, and the receipt opened by keyboard alone", async ({
  page,
  context,
  newPoll,
}) => {
  watchConsole(page);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const slug = await newPoll();
  await voteByKeyboard(page, slug);

  await tabTo(page, page.getByRole("button", { name: "Copy" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Copied" })).toBeFocused();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  expect(await clipboard()).toMatch(
    new RegExp(
      `^“Yes, all year round” leads: 100% of 1 reader \\(as of .*\\)\\. http.*/p/${slug}/results$`,
    ),
  );
  await tabTo(page, page.getByRole("button", { name: "Share" }));
  await page.keyboard.press("Space");
  await expect.poll(clipboard).toMatch(new RegExp(`^http.*/p/${slug}/results$`));

  await page.goto(`/p/${slug}`);
  await tabTo(page, page.getByRole("button", { name: "Pause updates" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Resume updates" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  await tabTo(page, page.getByRole("link", { name: "Receipt for your vote" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/receipt\//);
  await expectAccessible(page);
  await tabTo(page, page.getByRole("link", { name: "Results" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/p/${slug}/results$`));
});

test("results are opened and left again by keyboard alone", async ({ page, newPoll }) => {
  const slug = await newPoll();
  await page.goto(`/p/${slug}`);
  await tabTo(page, page.getByRole("link", { name: "See results without voting" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/results$/);
  await tabTo(page, page.getByRole("link", { name: "Back to the poll" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible();
});

test("options are graded by keyboard alone, one group after the other", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({
    kind: "rating",
    options: ["Ada", "Ben", "Cem"].map(label => ({ label })),
  });
  await page.goto(`/p/${slug}`);
  const grade = (option: string, name: string) =>
    page.getByRole("radiogroup", { name: option }).getByRole("radio", { name });
  await tabTo(page, grade("Ada", "No grade"));
  for (const _ of [1, 2, 3]) await page.keyboard.press("ArrowRight");
  await expect(grade("Ada", "3")).toBeChecked();
  await page.keyboard.press("Tab");
  await expect(grade("Ben", "No grade")).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(grade("Ben", "5")).toBeChecked();
  await tabTo(page, page.getByRole("button", { name: "Vote" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your vote: Ada (3) and Ben (5)")).toBeVisible();
});

test("the editor's link and the results are reached by keyboard after the vote", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll({
    afterVote: "link",
    afterVoteText: "How the parties stand",
    afterVoteLink: "https://news.example/harbour",
  });
  await voteByKeyboard(page, slug);
  await expect(page.getByRole("link", { name: "How the parties stand" })).toBeVisible();
  await expectAccessible(page);
  await tabTo(page, page.getByRole("link", { name: "Results" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("listitem").first()).toContainText("100%");
});
