/** Moments that a date and time of day alone can't say. The newsroom's zone is Europe/Stockholm. */
import type { APIRequestContext } from "playwright/test";
import type { BrowserSite } from "./support/browser-site.ts";
import { expect, signIn, test } from "./support/fixtures.ts";

async function closesAt(request: APIRequestContext, { url, seeded }: BrowserSite, slug: string) {
  const answer = await request.get(`${url}/api/polls/${slug}`, {
    headers: { Authorization: `Bearer ${seeded.editor.apiToken}` },
  });
  return (await answer.json()).closesAt as string | null;
}

const momentsThatAFieldCannotSay = {
  "the first 02:30 of two": "2030-10-27T00:30:00.000Z",
  "the second 02:30 of two": "2030-10-27T01:30:00.000Z",
  "a moment with seconds and milliseconds": "2030-05-01T18:00:07.123Z",
};

for (const [what, moment] of Object.entries(momentsThatAFieldCannotSay)) {
  test(`${what} stays to the millisecond when the closing time or the draft is saved unchanged`, async ({
    page,
    request,
    site,
    newPoll,
  }) => {
    const slug = await newPoll({ opensAt: null, closesAt: moment } as never);
    await signIn(page, site.seeded.editor);
    await page.goto(`/studio/polls/${slug}`);
    await page.getByRole("button", { name: "Save closing time" }).click();
    await expect(page.getByText("Nothing was changed, so nothing was saved.")).toBeVisible();
    expect(await closesAt(request, site, slug)).toBe(moment);
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByLabel("Question").fill("Something else is changed?");
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect(page.getByText("The changes are saved.")).toBeVisible();
    await expect.poll(() => closesAt(request, site, slug)).toBe(moment);
    await page.goto(`/studio/polls/${slug}`);
    await page.getByLabel("Closes", { exact: true }).fill("2030-12-01T20:00");
    await page.getByRole("button", { name: "Save closing time" }).click();
    await expect(page.getByText("The closing time is saved.")).toBeVisible();
    await expect.poll(() => closesAt(request, site, slug)).toBe("2030-12-01T19:00:00.000Z");
  });
}

test("a time that occurs twice is asked about, and a time that is skipped is refused with words", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll();
  await signIn(page, site.seeded.editor);
  await page.goto(`/studio/polls/${slug}`);
  const field = page.getByLabel("Closes", { exact: true });
  const save = page.getByRole("button", { name: "Save closing time" });
  await expect(page.getByText("Europe/Stockholm time.").first()).toBeVisible();
  await field.fill("2030-10-27T02:30");
  const which = page.getByRole("group", { name: /occurs twice/ });
  await expect(which).toContainText("The first (CEST, UTC+2)");
  await expect(which).toContainText("The second (CET, UTC+1)");
  await save.click();
  await expect(page.getByText("Choose which one.")).toBeVisible();
  await expect(field).toBeFocused();
  expect(await closesAt(request, site, slug)).toBeNull();
  await which.getByText("The second").click();
  await save.click();
  await expect(page.getByText("The closing time is saved.")).toBeVisible();
  await expect.poll(() => closesAt(request, site, slug)).toBe("2030-10-27T01:30:00.000Z");

  await field.fill("2031-03-30T02:30");
  const skipped = page.getByText(
    "This time does not exist, because the clocks go forward. Enter another, such as Sun 30 Mar 2031, 03:30 CEST.",
  );
  await expect(skipped).toBeVisible();
  await save.click();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect.poll(() => closesAt(request, site, slug)).toBe("2030-10-27T01:30:00.000Z");
  await field.fill("2031-03-30T03:30");
  await expect(page.getByText("Sun 30 Mar 2031, 03:30 CEST", { exact: true })).toBeVisible();
});
