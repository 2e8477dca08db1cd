/** Options with images: on the page, in results, in an article, without scripts, in the studio. */
import type { Page } from "playwright/test";
import { expectAccessible } from "./support/axe.ts";
import { expect, signIn, test, watchConsole } from "./support/fixtures.ts";
import { shiftsOn, watchShifts } from "./support/layout-shifts.ts";

const elsewhere = "https://pictures.example";
const svg = (colour: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="500"><rect width="900" height="500" fill="${colour}"/></svg>`;
const options = [
  { label: "The quay", image: { url: `${elsewhere}/quay.svg`, alt: "Boats at a quay" } },
  { label: "The market", image: { url: "/icon.svg", alt: "A bar chart" } },
  { label: "Neither" },
];

/** Images come late, so that what moves when they are there is seen. */
async function servePictures(page: Page): Promise<void> {
  await page.route(`${elsewhere}/**`, async route => {
    await new Promise(resolve => setTimeout(resolve, 200));
    await route.fulfill({ contentType: "image/svg+xml", body: svg("#85807a") });
  });
}

const loaded = (page: Page, alt: string) =>
  expect
    .poll(() =>
      page
        .getByRole("img", { name: alt })
        .evaluate((image: HTMLImageElement) => image.naturalWidth),
    )
    .toBeGreaterThan(0);

test("options are chosen by their image, and images cause no layout shift", async ({
  page,
  newPoll,
}) => {
  watchConsole(page);
  await servePictures(page);
  await watchShifts(page);
  await page.goto(`/p/${await newPoll({ options })}`);
  await loaded(page, "Boats at a quay");
  await loaded(page, "A bar chart");
  await expectAccessible(page);
  await page.getByRole("img", { name: "Boats at a quay" }).click();
  await expect(page.getByRole("radio", { name: "Boats at a quay The quay" })).toBeChecked();
  expect(await shiftsOn(page)).toBe(0);
  await page.getByRole("button", { name: "Vote" }).click();
  await expect(page.getByText("Your vote is in. Thank you.")).toBeVisible();
  const row = page.getByRole("listitem").filter({ hasText: "The quay" });
  await expect(row.getByAltText("Boats at a quay")).toBeVisible();
  await expectAccessible(page);
});

test("the page's policy allows images from the options' origins only", async ({
  request,
  newPoll,
}) => {
  const pictured = await newPoll({ options });
  for (const path of [`/p/${pictured}`, `/p/${pictured}/results`, `/embed/${pictured}`]) {
    const policy = (await request.get(path)).headers()["content-security-policy"] ?? "";
    expect(policy).toContain(`; img-src 'self' data: ${elsewhere};`);
  }
  const plain = (await request.get(`/p/${await newPoll()}`)).headers();
  expect(plain["content-security-policy"]).toContain("; img-src 'self' data:;");
});

test("unsafe image addresses are refused", async ({ request, site }) => {
  const headers = { Authorization: `Bearer ${site.seeded.editor.apiToken}` };
  const create = async (image: unknown) =>
    (
      await request.post(`${site.url}/api/polls`, {
        headers,
        data: { question: "Which?", options: [{ label: "One", image }, { label: "Two" }] },
      })
    ).status();
  const alt = "Boats";
  for (const url of [
    "http://pictures.example/a.png",
    "//pictures.example/a.png",
    "/\\pictures.example/a.png",
    "javascript:alert(1)",
    "https://pictures.example;sandbox/a.png",
    "https://somebody@pictures.example/a.png",
    "https://pictures.example/a b.png",
    "a.png",
  ]) {
    expect(await create({ url, alt }), url).toBe(400);
  }
  expect(await create({ url: "/a.png" }), "no words for it").toBe(400);
  expect(await create({ url: "/a.png", alt: " " }), "empty words for it").toBe(400);
  expect(await create({ url: "https://pictures.example:8443/a.png?w=1", alt })).toBe(201);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("options are chosen by their image without script", async ({ page, newPoll }) => {
    await servePictures(page);
    const slug = await newPoll({ options, choicesMax: 2 });
    await page.goto(`/p/${slug}`);
    await page.getByRole("img", { name: "Boats at a quay" }).click();
    await page.getByRole("img", { name: "A bar chart" }).click();
    await page.getByRole("button", { name: "Vote" }).click();
    await expect(page).toHaveURL(/results\?answer=counted$/);
    await expect(page.locator("[data-mine]")).toHaveCount(2);
  });
});

test("the studio takes images with descriptions, and previews them before saving", async ({
  page,
  site,
}) => {
  await servePictures(page);
  await signIn(page, site.seeded.editor);
  await page.goto("/studio/new");
  await page.getByLabel("Question").fill("Which picture goes on the front page?");
  await page.getByLabel("Options, one per line").fill("The quay\nThe market");
  await page.getByText("Optional, shown with the options").click();
  const quay = page.getByRole("group", { name: "The quay" });
  await quay.getByLabel("Image address").fill("pictures.example/quay.svg");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(quay.getByText(/Must be an https address/)).toBeVisible();
  await expect(quay.getByText("Must not be empty.")).toBeVisible();
  await quay.getByLabel("Image address").fill(`${elsewhere}/quay.svg`);
  await quay.getByLabel("Image description").fill("Boats at a quay");
  const preview = page.frameLocator("iframe[title='Preview of the poll']");
  await expect(preview.getByRole("img", { name: "Boats at a quay" })).toBeVisible();
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(
    page.getByRole("heading", { name: "Which picture goes on the front page?" }),
  ).toBeVisible();
});
