/** `embed.js` in articles: however it is loaded, and with a frame that the article has itself. */
import { type Articles, startArticles } from "./support/articles.ts";
import { test as base, expect, watchConsole } from "./support/fixtures.ts";

const test = base.extend<{ readonly articles: Articles }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern
  articles: async ({}, use) => {
    const articles = await startArticles();
    await use(articles);
    await articles.close();
  },
});

/** Ways in which articles load the script; each gets its address and shows the poll. */
const loading: Readonly<Record<string, (origin: string) => string>> = {
  "before the text": origin => `<script src="${origin}/embed.js"></script>`,
  "as a module": origin => `<script type="module" src="${origin}/embed.js"></script>`,
  "as an imported module": origin => `<script type="module">import "${origin}/embed.js"</script>`,
  deferred: origin => `<script defer src="${origin}/embed.js"></script>`,
  twice: origin =>
    `<script async src="${origin}/embed.js"></script><script async src="${origin}/embed.js"></script>`,
  "by a tag manager": origin =>
    `<script>setTimeout(() => { const s = document.createElement("script");
     s.src = "${origin}/embed.js"; document.head.append(s); }, 50)</script>`,
  "as a tag manager's own text": origin =>
    `<script>fetch("${origin}/embed.js").then(answer => answer.text()).then(text => {
     const s = document.createElement("script"); s.textContent = text; document.head.append(s); })</script>`,
};

for (const [how, tag] of Object.entries(loading)) {
  test(`an article shows a poll with the script loaded ${how}`, async ({
    page,
    site,
    articles,
    newPoll,
  }) => {
    watchConsole(page, /Lock|denied|storage/i);
    const slug = await newPoll();
    // The script knows the site's own address, and no other here.
    const framed = `<floodgate-poll poll="${slug}"><iframe src="${site.url}/embed/${slug}"></iframe></floodgate-poll>`;
    const bare = `<floodgate-poll poll="${slug}"></floodgate-poll>`;
    const html = `<!doctype html><title>x</title>${tag(site.url)}${framed}${bare}`;
    await page.goto(articles.publish(html));
    for (const index of [0, 1]) {
      const card = page.locator("floodgate-poll").nth(index).frameLocator("iframe");
      await expect(card.locator(".poll-actions .poll-button").first()).toBeVisible();
    }
    await expect(page.locator("floodgate-poll iframe")).toHaveCount(2);
  });
}

test("an article's own frame is kept, grows with its content, and is never below its reserve", async ({
  page,
  origin,
  articles,
  newPoll,
}) => {
  const slug = await newPoll();
  const code = (height: number) =>
    `<floodgate-poll poll="${slug}" theme="dark"><iframe src="${origin}/embed/${slug}" title="Poll"
     style="display:block;width:100%;height:${height}px;border:0"></iframe></floodgate-poll>`;
  await page.goto(
    articles.publish(
      `<!doctype html><title>x</title><script async src="${origin}/embed.js"></script>${code(200) + code(1_500)}`,
    ),
  );
  const heightOf = async (index: number) =>
    (await page.locator("iframe").nth(index).boundingBox())?.height ?? 0;
  await expect.poll(() => heightOf(0)).toBeGreaterThan(400);
  expect(await heightOf(1)).toBe(1_500);
  await expect(page.frameLocator("iframe").nth(1).locator(".poll")).toHaveCSS(
    "background-color",
    "rgb(28, 27, 25)",
  );
  const cards = await Promise.all(
    [0, 1].map(index => page.frameLocator("iframe").nth(index).locator(".poll").boundingBox()),
  );
  expect(cards[1]?.height).toBe(1_500);
});
