/** Readers' pages in the reader's language, or the poll's. */
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";

test.describe("a reader whose browser asks for Polish", () => {
  test.use({ locale: "pl-PL", timezoneId: "Europe/Warsaw" });

  test("a Polish reader sees Polish text and plurals, before and after the script has run", async ({
    page,
    newPoll,
  }) => {
    watchConsole(page);
    const slug = await newPoll();
    const answer = await page.goto(`/p/${slug}`);
    expect(answer?.headers().vary).toBe("Accept-Language, Accept-Encoding");
    await expect(page.locator("html")).toHaveAttribute("lang", "pl");
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Głosuj" }).click();
    await expect(page.getByText("Twój głos dotarł. Dziękujemy.")).toBeFocused();
    await expect(page.getByText("Zagłosowała 1 osoba.")).toBeVisible();
    await expect(page.locator("[data-mine]")).toContainText("1 głos");
    await expectAccessible(page);
  });
});

test("the poll's own language takes precedence over the reader's", async ({ page, newPoll }) => {
  const slug = await newPoll({ language: "ar", question: "هل تُغلق المرفأ أمام السيارات؟" });
  const answer = await page.goto(`/p/${slug}`);
  expect(answer?.headers().vary).toBe("Accept-Encoding");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.locator("html")).toHaveAttribute("lang", "ar");
  await page.getByLabel("No", { exact: true }).check();
  await page.getByRole("button", { name: "صوّت" }).click();
  await expect(page.getByText("استلمنا صوتك. شكرًا لك.")).toBeVisible();
  await expect(page.locator("[data-mine]")).toContainText("صوت واحد");
  // The whole page runs from the right: labels begin there, bars grow from there.
  const card = await page.locator(".poll").boundingBox();
  const bar = await page.locator("[data-mine] rect").boundingBox();
  const label = await page.locator("[data-mine] bdi").boundingBox();
  const right = (box: typeof card) => (box ? box.x + box.width : 0);
  expect(right(card) - right(bar)).toBeLessThan(40);
  expect(right(card) - right(label)).toBeLessThan(40);
  await expectAccessible(page);
});

test("an embed is in the language of its article", async ({ page, newPoll }) => {
  const slug = await newPoll();
  const answer = await page.goto(`/embed/${slug}?lang=sv-FI`);
  expect(answer?.headers().vary).toBe("Accept-Encoding");
  await expect(page.getByRole("button", { name: "Rösta" })).toBeVisible();
  await page.goto(`/embed/${slug}?lang=tlh`);
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible();
});

test("the links of a list in a requested language keep that language", async ({
  page,
  newPoll,
}) => {
  const slug = await newPoll();
  await page.goto("/?lang=sv");
  await page.locator(`a[href="/p/${slug}?lang=sv"]`).click();
  await expect(page.getByRole("button", { name: "Rösta" })).toBeVisible();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the links of an embed without script keep the article's language", async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll();
    await page.goto(`/embed/${slug}?lang=sv`);
    await expect(page.getByRole("link", { name: /The Harbour Post/ })).toHaveAttribute(
      "href",
      `/p/${slug}?lang=sv`,
    );
    await page.getByRole("link", { name: "Se resultatet utan att rösta" }).click();
    await page.getByRole("link", { name: "Tillbaka till omröstningen" }).click();
    await page.getByRole("button", { name: "Rösta" }).click();
    await expect(page.getByRole("status")).toHaveText("Välj ett alternativ.");
    await page.getByLabel("No", { exact: true }).check();
    await page.getByRole("button", { name: "Rösta" }).click();
    await expect(page).toHaveURL(/\/results\?answer=counted&lang=sv$/);
    await expect(page.getByText("1 läsare har röstat.")).toBeVisible();
    const receipt = page.getByRole("link", { name: "Kvitto på din röst" });
    await expect(receipt).toHaveAttribute("href", /\?lang=sv$/);
  });
});
