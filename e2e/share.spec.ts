/** A poll's link on other sites: what its pages say of themselves, and the picture that they name. */
import type { APIRequestContext } from "playwright/test";
import { expect, test } from "./support/fixtures.ts";

const meta = (html: string, name: string) =>
  new RegExp(`<meta (?:property|name)="${name}" content="([^"]*)"`)
    .exec(html)?.[1]
    ?.replaceAll("&amp;", "&");

async function pictureOf(request: APIRequestContext, path: string, language = "en") {
  const page = await request.get(path, { headers: { "Accept-Language": language } });
  const html = await page.text();
  const address = new URL(meta(html, "og:image") ?? "", page.url());
  return { html, path: address.pathname + address.search };
}

/** From the header of a PNG. */
const sizeOf = (png: Buffer) => ({ width: png.readUInt32BE(16), height: png.readUInt32BE(20) });

test("a poll's pages name its picture, with a description", async ({ request, newPoll }) => {
  const slug = await newPoll({ question: "Shall the quay be for people on foot?" });
  for (const path of [`/p/${slug}`, `/p/${slug}/results`]) {
    const { html, path: picture } = await pictureOf(request, path);
    expect(meta(html, "og:image")).toMatch(/^https?:\/\//);
    expect(meta(html, "og:image:alt")).toContain("Shall the quay be for people on foot?");
    expect(meta(html, "twitter:card")).toBe("summary_large_image");
    const answer = await request.get(picture);
    expect(answer.headers()["content-type"]).toBe("image/png");
    expect(answer.headers()["cache-control"]).toContain("s-maxage");
    expect(sizeOf(await answer.body())).toEqual({
      width: Number(meta(html, "og:image:width")),
      height: Number(meta(html, "og:image:height")),
    });
  }
});

test("og.png answers 304 to a client that has the picture", async ({ request, newPoll }) => {
  const { path } = await pictureOf(request, `/p/${await newPoll()}`);
  const { etag = "" } = (await request.get(path)).headers();
  const again = await request.get(path, { headers: { "If-None-Match": etag } });
  expect(again.status()).toBe(304);
});

test("each language, and each edit, has its own picture", async ({
  request,
  newPoll,
  closePoll,
}) => {
  const slug = await newPoll();
  const pictures = await Promise.all(
    ["en", "ar"].map(language => pictureOf(request, `/p/${slug}`, language)),
  );
  const bytes = await Promise.all(
    pictures.map(async ({ path }) => (await request.get(path)).body()),
  );
  expect(bytes[0]?.equals(bytes[1] ?? Buffer.alloc(0))).toBe(false);
  await closePoll(slug);
  await expect
    .poll(async () => (await pictureOf(request, `/p/${slug}`)).path)
    .not.toBe(pictures[0]?.path);
});

test("the picture shows no results that are hidden", async ({ request, site, newPoll }) => {
  const slug = await newPoll({ resultsTo: "after_close" });
  const before = await (await request.get(`/p/${slug}/og.png`)).body();
  const headers = { "Content-Type": "application/json" };
  const vote = await request.post(`${site.url}/api/polls/${slug}/votes`, {
    headers,
    data: { choices: ["1"] },
  });
  expect(vote.status()).toBe(202);
  // Where nothing moves, nothing is drawn again: the very same bytes.
  const after = await (await request.get(`/p/${slug}/og.png?v=2`)).body();
  expect(after.equals(before)).toBe(true);
});

test("og.png answers 404 for a draft and for an unknown poll", async ({ request, newPoll }) => {
  const draft = await newPoll({ opensAt: null as unknown as string });
  for (const slug of [draft, "no-such-poll"]) {
    expect((await request.get(`/p/${slug}/og.png`)).status()).toBe(404);
  }
});
