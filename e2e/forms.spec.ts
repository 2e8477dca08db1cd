/** What a form says, allows and takes back: as the poll's rules are, with and without JavaScript. */
import { randomUUID } from "node:crypto";
import type { Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";

const options = ["Ada", "Ben", "Cem", "Dora", "Eva"].map(label => ({ label }));
const vote = (page: Page) => page.getByRole("button", { name: "Vote" }).click();
const grade = (page: Page, option: string, name: string) =>
  page.getByRole("radiogroup", { name: option }).getByRole("radio", { name });

test.describe("with script", () => {
  test.beforeEach(({ page }) => watchConsole(page));

  test("a fourth of three options can't be ticked, and the form says why until one is unticked", async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll({ options, choicesMax: 3 });
    await page.goto(`/p/${slug}`);
    await expect(page.getByText("Choose at most 3 options.")).toBeVisible();
    await expect(page.getByText("0 of 3 chosen.")).toBeVisible();
    const height = () => page.locator(".poll").evaluate(card => card.clientHeight);
    const before = await height();
    for (const name of ["Ada", "Ben", "Cem"]) await page.getByLabel(name).check();
    await expect(page.getByText("3 of 3 chosen. To choose another, untick one")).toBeVisible();
    await expect(page.getByLabel("Dora")).toBeDisabled();
    await expectAccessible(page);
    expect(await height()).toBe(before);
    await page.getByLabel("Ben").uncheck();
    await expect(page.getByText("2 of 3 chosen.", { exact: true })).toBeVisible();
    await page.getByLabel("Dora").check();
    await vote(page);
    await expect(page.getByText("Your vote is in")).toBeVisible();
  });

  test("a warning is said once, and goes as soon as it is heeded", async ({ page, newPoll }) => {
    const slug = await newPoll({ options, choicesMin: 2, choicesMax: 3 });
    await page.goto(`/p/${slug}`);
    const status = page.getByRole("status");
    await page.evaluate(() => {
      const region = document.querySelector("[role=status]");
      const texts: string[] = [];
      Object.assign(window, { texts });
      const note = () => region?.textContent && texts.push(region.textContent);
      if (region) new MutationObserver(note).observe(region, { childList: true, subtree: true });
    });
    await vote(page);
    await vote(page);
    await page.getByLabel("Ada").check();
    await vote(page);
    await expect(status).toHaveText("Choose 2 to 3 options.");
    expect(await page.evaluate("texts")).toEqual(["Choose 2 to 3 options."]);
    await page.getByLabel("Ben").check();
    await expect(status).toBeHidden();
    await page.getByLabel("Ben").uncheck();
    await expect(status).toBeHidden();
  });

  test("a ranked poll asks for its minimum, and its warning goes with the last rank it asks for", async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll({ kind: "ranked", options, choicesMin: 3 });
    await page.goto(`/p/${slug}`);
    await expect(page.locator("#instruction")).toContainText("Rank at least 3 options.");
    for (const name of ["Ada", "Ben"]) await page.getByText(name, { exact: true }).first().click();
    await vote(page);
    const status = page.getByRole("status");
    await expect(status).toContainText("Rank at least 3 options.");
    await page.getByRole("button", { name: "Move “Cem” up" }).click();
    await expect(status).toBeHidden();
    await vote(page);
    await expect(page.getByText(/^Your vote: 1. Ada, 2. Ben,? and 3. Cem$/)).toBeVisible();
  });

  test("a rank is taken back by a tap on it or by its key, and the later ranks move up", async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll({ kind: "ranked", options });
    await page.goto(`/p/${slug}`);
    for (const name of ["Ada", "Ben", "Cem"])
      await page.getByText(name, { exact: true }).first().click();
    const rank = (name: string) => page.getByRole("button", { name: new RegExp(`^“${name}”: `) });
    await rank("Ada").click();
    await expect(rank("Ada")).toHaveAttribute("aria-pressed", "false");
    await expect(rank("Ben")).toHaveAccessibleName("“Ben”: number 1");
    await rank("Ben").focus();
    await page.keyboard.press("Enter");
    await expect(rank("Ben")).toHaveAccessibleName("“Ben”: not ranked");
    await expect(rank("Ben")).toBeFocused();
    await expectAccessible(page);
    await vote(page);
    await expect(page.getByText("Your vote: 1. Cem")).toBeVisible();
  });

  test("a grade is taken back by keyboard and by a tap", async ({ page, newPoll }) => {
    const slug = await newPoll({ kind: "rating", options });
    await page.goto(`/p/${slug}`);
    await grade(page, "Ada", "1").check();
    await page.keyboard.press("ArrowLeft");
    await expect(grade(page, "Ada", "No grade")).toBeChecked();
    await grade(page, "Ben", "4").check();
    await grade(page, "Ben", "No grade").check();
    await grade(page, "Cem", "5").check();
    await expectAccessible(page);
    await vote(page);
    await expect(page.getByText("Your vote: Cem (5)")).toBeVisible();
  });
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a form with a fourth of three options is refused with the reason, and keeps what was ticked", async ({
    page,
    newPoll,
  }) => {
    const slug = await newPoll({ options, choicesMax: 3 });
    await page.goto(`/p/${slug}`);
    await expect(page.getByText(/chosen/)).toBeHidden();
    for (const name of ["Ada", "Ben", "Cem", "Dora"]) await page.getByLabel(name).check();
    await vote(page);
    await expect(page.getByRole("status")).toHaveText("Choose at most 3 options.");
    for (const name of ["Ada", "Ben", "Cem", "Dora"]) {
      await expect(page.getByLabel(name)).toBeChecked();
    }
    await page.getByLabel("Dora").uncheck();
    await vote(page);
    await expect(page.getByText("1 reader has voted.")).toBeVisible();
  });

  test("a grade and a rank are taken back without script", async ({ page, newPoll }) => {
    const rating = await newPoll({ kind: "rating", options, choicesMin: 2 });
    await page.goto(`/p/${rating}`);
    for (const name of ["Ada", "Ben", "Cem"]) await grade(page, name, "4").check();
    for (const name of ["Ben", "Cem"]) await grade(page, name, "No grade").check();
    await vote(page);
    await expect(page.getByRole("status")).toContainText("Grade at least 2 options");
    await expect(grade(page, "Ben", "No grade")).toBeChecked();
    await grade(page, "Ben", "2").check();
    await vote(page);
    await expect(page.getByText("Your vote: Ada (4) and Ben (2)")).toBeVisible();
    const ranked = await newPoll({ kind: "ranked", options, choicesMin: 2 });
    await page.goto(`/p/${ranked}`);
    await page.getByRole("combobox", { name: "Ada" }).selectOption("1");
    await page.getByRole("combobox", { name: "Ben" }).selectOption("2");
    await page.getByRole("combobox", { name: "Ben" }).selectOption("–");
    await vote(page);
    await expect(page.getByRole("status")).toContainText("Rank at least 2 options");
    await expect(page.getByRole("combobox", { name: "Ada" })).toHaveValue("1:1");
  });
});

test("rules that no ballot can meet are refused in words, by the API and in the studio", async ({
  page,
  request,
  site,
}) => {
  const headers = { Authorization: `Bearer ${site.seeded.editor.apiToken}` };
  const refusal = async (rules: object) => {
    const data = { question: "Which?", options: options.slice(0, 3), ...rules };
    const response = await request.post(`${site.url}/api/polls`, { headers, data });
    expect(response.status()).toBe(400);
    return (await response.json()).detail;
  };
  expect(await refusal({ choicesMin: 3, choicesMax: 2 })).toContain("choicesMin must not be more");
  expect(await refusal({ kind: "ranked", choicesMin: 4 })).toContain("more than there are options");
  expect(await refusal({ choicesMax: 4 })).toContain("choicesMax must not be more than there are");
  expect(await refusal({ choicesMin: 0 })).toContain("whole number from 1 to 50");

  await signIn(page, site.seeded.editor);
  await page.goto("/studio/new");
  await page.getByLabel("Question").fill("Which of these have you seen?");
  await page.getByLabel("Options, one per line").fill("Ada\nBen\nCem");
  await page.getByLabel("Rank the options").check();
  await page.getByLabel("Minimum number of options to rank").fill("4");
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("Must not be more than there are options.")).toBeVisible();
  await page.getByLabel("Minimum number of options to rank").fill("2");
  const preview = page.frameLocator("iframe[title='Preview of the poll']");
  await expect(preview.getByText("Rank at least 2 options.")).toBeVisible();
  await preview.getByRole("button", { name: "Vote" }).click();
  await expect(preview.getByRole("status"), "a preview sends nothing").toBeHidden();
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page.getByText("Draft", { exact: true })).toBeVisible();
  const slug = new URL(page.url()).pathname.split("/").at(-1);
  const poll = await (await request.get(`${site.url}/api/polls/${slug}`, { headers })).json();
  expect(poll).toMatchObject({ kind: "ranked", choicesMin: 2, choicesMax: 3 });
});

test("an explanation keeps its lines, and a receipt is found as it is typed by hand", async ({
  page,
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll({ description: "First line.\n\nSecond line." });
  await page.goto(`/p/${slug}`);
  const lines = await page
    .locator(".poll-explanation bdi")
    .first()
    .evaluate(text => text.getClientRects().length);
  expect(lines).toBeGreaterThanOrEqual(2);
  const answer = await request.post(`${site.url}/api/polls/${slug}/votes`, {
    data: { choices: ["1"], ballotId: randomUUID() },
  });
  const { receipt } = (await answer.json()) as { receipt: string };
  const typed = [receipt.replaceAll("-", "%20"), `%20${receipt.replaceAll("-", "").toUpperCase()}`];
  for (const code of [...typed, receipt.replaceAll("0", "o")]) {
    const found = await request.get(`${site.url}/api/receipts/${code}`);
    expect(found.status(), code).toBe(200);
    expect((await found.json()).receipt).toBe(receipt);
    await page.goto(`/receipt/${code}`);
    await expect(page.getByText(receipt)).toBeVisible();
  }
});
