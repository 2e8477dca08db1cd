/** A poll's page in the studio: its numbers agree, and a final poll is not deleted by accident. */
import { randomUUID } from "node:crypto";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

test("while votes come in, the result has exactly the votes that the books call counted", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  test.slow();
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  let going = true;
  const votes = (async () => {
    while (going) {
      await request.post(`${site.url}/api/polls/${slug}/votes`, {
        data: { choices: ["1"], ballotId: randomUUID() },
        headers: { Cookie: "" },
      });
    }
  })();
  try {
    for (let load = 0; load < 12; load++) {
      await page.goto(`/studio/polls/${slug}`);
      const heading =
        (await page.getByText(/readers? (has|have) voted, as of/).textContent()) ?? "";
      const books = page.getByRole("region", { name: "The books", exact: true });
      const number = async (name: RegExp) =>
        Number(
          (await books.getByRole("row", { name }).getByRole("cell").last().textContent()) || 0,
        );
      expect(Number.parseInt(heading, 10)).toBe(await number(/^Counted/));
      expect(await number(/^Accepted/)).toBeGreaterThanOrEqual(Number.parseInt(heading, 10));
    }
  } finally {
    going = false;
    await votes;
  }
});

test("a final poll is deleted only by typing its address, after being told what goes with it", async ({
  page,
  request,
  site,
  newPoll,
  closePoll,
}) => {
  const slug = await newPoll();
  const vote = await request.post(`${site.url}/api/polls/${slug}/votes`, {
    data: { choices: ["1"], ballotId: randomUUID() },
  });
  expect(vote.status()).toBe(202);
  await closePoll(slug);
  await signIn(page, site.seeded.editor);
  await expect(async () => {
    await page.goto(`/studio/polls/${slug}`);
    await expect(page.getByText(/^Final, closed/)).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Delete this poll?" });
  await expect(dialog).toContainText(
    "The poll, its 1 vote, their receipts and the final result are deleted for good.",
  );
  await expectAccessible(page);
  const confirm = dialog.getByRole("button", { name: "Delete" });
  await expect(confirm).toBeDisabled();
  await dialog.getByRole("textbox").fill("another-poll");
  await dialog.getByRole("textbox").press("Enter");
  await expect(confirm).toBeDisabled();
  expect((await request.get(`${site.url}/api/polls/${slug}`)).status()).toBe(200);
  await dialog.getByRole("textbox").fill(slug);
  await confirm.click();
  await expect(page.getByText(/is deleted\.$/)).toBeVisible();
  await expect(page).toHaveURL(/\/studio$/);
  await expect
    .poll(async () => (await request.get(`${site.url}/api/polls/${slug}`)).status())
    .toBe(404);
});
