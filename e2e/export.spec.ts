/** What an editor takes home, and in which order readers see options. */
import { expect, test } from "./support/fixtures.ts";

test("export.csv holds ballots without voters and without spreadsheet formulas", async ({
  request,
  site,
  newPoll,
}) => {
  const slug = await newPoll({
    options: [{ label: "=1+1" }, { label: "Plain, with a comma" }],
  });
  await request.post(`${site.url}/api/polls/${slug}/votes`, {
    data: { choices: ["2"], ballotId: crypto.randomUUID() },
  });
  const url = `${site.url}/api/polls/${slug}/export.csv`;
  expect((await request.get(url)).status()).toBe(401);
  const headers = { Authorization: `Bearer ${site.seeded.editor.apiToken}` };
  await expect(async () => {
    const lines = (await (await request.get(url, { headers })).body()).toString().split("\n");
    expect(lines[0]).toBe(`\ufeffreceived_at,'=1+1,"Plain, with a comma"`);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,0,1$/);
    expect(lines.slice(2)).toEqual([""]);
  }).toPass();
});

test("options appear in random order, with the pinned option last", async ({ page, newPoll }) => {
  const slug = await newPoll({
    optionOrder: "random",
    options: [
      { label: "Ada" },
      { label: "None of these", pinned: true },
      { label: "Ben" },
      { label: "Cem" },
      { label: "Dora" },
    ],
  });
  const seen = new Set<string>();
  await expect(async () => {
    await page.goto(`/p/${slug}`);
    const labels = await page.locator("label.poll-option").allInnerTexts();
    expect(labels).toHaveLength(5);
    expect(labels.at(-1)).toBe("None of these");
    seen.add(labels.join());
    expect(seen.size).toBeGreaterThan(2);
  }).toPass();
});
