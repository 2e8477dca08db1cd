/** What an article's machinery gets: headers of each route, oEmbed, the script, the demo. */
import { expectAccessible } from "./support/axe.ts";
import { expect, test, watchConsole } from "./support/fixtures.ts";
import { shiftsOn, watchShifts } from "./support/layout-shifts.ts";

test("embed pages may be framed by the configured sites, other pages by none", async ({
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll();
  const ancestors = async (path: string) => {
    const headers = (await request.get(site.url + path)).headers();
    const policy = headers["content-security-policy"] ?? "";
    return [/frame-ancestors ([^;]*)/.exec(policy)?.[1], headers["x-frame-options"]];
  };
  for (const path of [`/embed/${slug}`, `/embed/${slug}/results`, "/embed/nowhere"]) {
    expect(await ancestors(path), path).toEqual(["'self' https: http:", undefined]);
  }
  for (const path of [`/p/${slug}`, `/p/${slug}/results`, "/", "/p/nowhere", "/demo"]) {
    expect(await ancestors(path), path).toEqual(["'self'", "SAMEORIGIN"]);
  }
  for (const path of [`/api/polls/${slug}/results`, "/api/nowhere"]) {
    expect(await ancestors(path), path).toEqual(["'none'", "DENY"]);
  }
});

test("the embed page is the same for every reader who has not voted, and caches may store it", async ({
  site,
  request,
  newPoll,
}) => {
  const slug = await newPoll();
  for (const path of [`/p/${slug}`, `/embed/${slug}`]) {
    const answers = await Promise.all([1, 2].map(() => request.get(site.url + path)));
    for (const answer of answers) {
      expect(answer.headers()["cache-control"]).toContain("public");
      expect(answer.headers()["set-cookie"]).toBeUndefined();
      expect(await answer.text()).not.toMatch(/nonce|data-mine=/);
    }
  }
});

test("oEmbed is discovered from a poll's address", async ({ origin, page, request, newPoll }) => {
  const slug = await newPoll({ question: 'Is "this" <b>bold</b> & fair?' });
  await page.goto(`/p/${slug}`);
  const link = page.locator('link[type="application/json+oembed"]');
  const address = (await link.getAttribute("href")) ?? "";
  const answer = await request.get(address.replace(/^https?:\/\/[^/]+/, origin));
  expect(answer.status()).toBe(200);
  const oembed = (await answer.json()) as { type: string; width: number; html: string };
  expect(oembed).toMatchObject({ version: "1.0", type: "rich", width: 640 });
  expect(oembed.html).toContain(`/embed/${slug}"`);
  expect(oembed.html).toContain("Is &quot;this&quot; &lt;b&gt;bold&lt;/b&gt; &amp; fair?");
  const narrow = await request.get(`${answer.url()}&maxwidth=320`);
  expect(await narrow.json()).toMatchObject({ width: 320 });
  const foreign = await request.get("/oembed?url=https%3A%2F%2Felsewhere.example%2Fp%2Fx");
  expect(foreign.status()).toBe(404);
  expect((await request.get("/oembed?url=nonsense")).status()).toBe(400);
});

test("oEmbed keeps to the consumer's limits, and says which requests it can't answer", async ({
  origin,
  request,
  newPoll,
}) => {
  const slug = await newPoll();
  const url = encodeURIComponent(`${origin}/p/${slug}`);
  const ask = async (more: string) => {
    const answer = await request.get(`/oembed?url=${url}${more}`);
    return [answer.status(), (await answer.json()) as Record<string, number | string>] as const;
  };
  for (const maxwidth of [10, 200, 320, 640]) {
    const [status, { width }] = await ask(`&maxwidth=${maxwidth}`);
    expect([status, width], `maxwidth=${maxwidth}`).toEqual([200, maxwidth]);
  }
  expect((await ask("&maxheight=120"))[1]).toMatchObject({ height: 120 });
  for (const bad of ["0", "-1", "abc", "1.5", ""]) {
    expect((await ask(`&maxwidth=${bad}`))[0], `maxwidth=${bad}`).toBe(400);
    expect((await ask(`&maxheight=${bad}`))[0], `maxheight=${bad}`).toBe(400);
  }
  const [status, problem] = await ask("&format=xml");
  expect([status, problem.code]).toEqual([501, "format_not_offered"]);
  expect((await ask("&format=json"))[0]).toBe(200);
  const unknown = await request.get(`/oembed?url=${url}-nothing`);
  expect(unknown.status()).toBe(404);
});

test("the frame that oEmbed answers shows a ranked poll's Vote button on a phone", async ({
  page,
  origin,
  request,
  newPoll,
}) => {
  const options = ["Okafor", "Lindqvist", "The people of Ådahl", "Nobody", "Brown", "Andersson"];
  const slug = await newPoll({
    kind: "ranked",
    choicesMax: 6,
    options: options.map(label => ({ label })),
  });
  const url = encodeURIComponent(`${origin}/p/${slug}`);
  const answer = await request.get(`${origin}/oembed?url=${url}`);
  const { html } = (await answer.json()) as { html: string };
  await page.setViewportSize({ width: 390, height: 844 });
  // As it is, and with the styles removed, as some systems do.
  for (const code of [html, html.replaceAll(/ style="[^"]*"/g, "")]) {
    await page.route(`${origin}/article`, route =>
      route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><meta name="viewport" content="width=device-width"><style>iframe{max-width:100%}</style>${code}`,
      }),
    );
    await page.goto(`${origin}/article`);
    const poll = page.frameLocator("iframe");
    const frame = await page.locator("iframe").boundingBox();
    const button = await poll.getByRole("button", { name: "Vote" }).boundingBox();
    const end = (button?.y ?? 1e9) + (button?.height ?? 0);
    expect(end).toBeLessThan((frame?.y ?? 0) + (frame?.height ?? 0));
    expect(await poll.locator("html").evaluate(it => it.scrollHeight - it.clientHeight)).toBe(0);
    await page.unroute(`${origin}/article`);
  }
});

test("an embed that is opened by itself has an icon, and the console stays clean", async ({
  page,
  request,
  newPoll,
}) => {
  watchConsole(page);
  await page.goto(`/embed/${await newPoll()}`);
  await expect(page.getByRole("button", { name: "Vote" })).toBeVisible();
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "/icon.svg");
  const icon = await request.get("/favicon.ico");
  expect(icon.status()).toBe(200);
  expect(icon.headers()["content-type"]).toMatch(/^image\//);
});

test("embed.js is small, and caches may store it", async ({ site, request }) => {
  const answer = await request.get(`${site.url}/embed.js`);
  expect(answer.headers()["content-type"]).toContain("text/javascript");
  expect(answer.headers()["cache-control"]).toContain("public");
  expect((await answer.body()).length).toBeLessThan(3_000);
  const again = await request.get(`${site.url}/embed.js`, {
    headers: { "If-None-Match": answer.headers().etag ?? "" },
  });
  expect(again.status()).toBe(304);
});

test("the demo article shows several polls without layout shifts", async ({ page }) => {
  watchConsole(page);
  await watchShifts(page);
  await page.goto("/demo");
  const polls = page.locator("floodgate-poll iframe");
  await expect(polls).toHaveCount(4);
  for (const index of [0, 1, 2, 3]) {
    await polls.nth(index).scrollIntoViewIfNeeded();
    await expect(page.frameLocator("iframe").nth(index).locator(".poll")).toBeVisible();
  }
  await expectAccessible(page);
  expect(await shiftsOn(page)).toBeLessThanOrEqual(0.02);
});
