/**
 * What is worth it is compressed once, by the front and by a plain `next start`: pages of the studio and its files, too.
 * What tells something about one person, and what must arrive at once, is not.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type NextStart, startNext } from "#test/support/next-start.ts";
import { type PlainAnswer, type PlainRequest, plainRequest } from "#test/support/plain-http.ts";
import { Site } from "#test/support/site.ts";
import { ballot, json } from "./requests.ts";

const browser = { "Accept-Encoding": "gzip, deflate, br, zstd" };

function unpacked({ headers, bytes }: PlainAnswer): string {
  const encoding = headers["content-encoding"];
  if (encoding === "br") return brotliDecompressSync(bytes).toString();
  return (encoding === "gzip" ? gunzipSync(bytes) : bytes).toString();
}

describe("compressed answers", () => {
  let site: Site;
  let next: NextStart;
  let poll = "";
  let cookie = "";
  /** A script of the studio's. */
  let script = "";

  before(async () => {
    site = await Site.start({ env: { PUBLIC_URL: "http://polls.example" } });
    next = await startNext(site, {
      FLOODGATE_QUEUE_FIRST_HOME: "1",
      FLOODGATE_STATE_DIR: join(site.directory, "state-of-next"),
    });
    poll = site.seeded.polls[0] ?? "";
    const { email, password } = site.seeded.editor;
    const signedIn = await plainRequest(next.port, {
      method: "POST",
      path: "/api/auth/sign-in/email",
      headers: json,
      body: JSON.stringify({ email, password }),
    });
    cookie = (signedIn.headers["set-cookie"] ?? []).map(line => line.split(";")[0]).join("; ");
    const { body } = await plainRequest(next.port, { path: "/studio/sign-in" });
    script = /\/_next\/static\/[^"]+\.js/.exec(body)?.[0] ?? "";
  });
  after(async () => {
    await next?.stop();
    await site?.stop();
  });

  for (const server of ["the front", "a plain next start"]) {
    const ask = (request: PlainRequest) =>
      plainRequest(server === "the front" ? (site.fronts[0]?.port ?? 0) : next.port, request);
    const get = (path: string, headers: Record<string, string> = {}) => ask({ path, headers });

    it(`${server} compresses pages, files and data once, and says what they vary by`, async () => {
      const paths = ["/studio", "/studio/new", script, "/", `/p/${poll}`];
      const data = [
        "/embed.js",
        "/api/openapi.json",
        "/api/polls",
        `/api/polls/${poll}/export.csv`,
      ];
      for (const path of [...paths, ...data]) {
        const answer = await get(path, { ...browser, Cookie: cookie });
        assert.equal(answer.status, 200, path);
        assert.match(String(answer.headers["content-encoding"]), /^(?:gzip|br)$/, path);
        assert.match(String(answer.headers.vary), /accept-encoding/i, path);
        assert.match(unpacked(answer), /[a-z]{3}/, path);
      }
      const [plain, packed] = [await get(script), await get(script, browser)];
      assert.equal(unpacked(packed), plain.body);
      assert.equal(packed.headers.etag, plain.headers.etag);
      assert.ok(packed.bytes.length < plain.bytes.length / 2, `${packed.bytes.length}`);
    });

    it(`${server} compresses only as the client accepts it`, async () => {
      for (const path of ["/studio/sign-in", script, `/p/${poll}`, "/embed.js"]) {
        for (const accepted of ["identity", "gzip;q=0, br;q=0", "*;q=0", "zstd", ";;q=x,"]) {
          const { headers } = await get(path, { "Accept-Encoding": accepted });
          assert.equal(headers["content-encoding"], undefined, `${path} ${accepted}`);
        }
        const { headers } = await get(path, { "Accept-Encoding": "br;q=0, gzip" });
        assert.equal(headers["content-encoding"], "gzip", path);
      }
      const { headers, bytes } = await get(script);
      assert.equal(headers["content-length"], String(bytes.length));
    });

    it(`${server} answers HEAD, conditions and ranges of what it compresses`, async () => {
      for (const path of ["/studio/sign-in", script, `/p/${poll}`, "/embed.js"]) {
        const head = await ask({ method: "HEAD", path, headers: browser });
        assert.deepEqual([head.status, head.body], [200, ""], path);
      }
      const { headers } = await get(script, browser);
      const condition = { ...browser, "If-None-Match": String(headers.etag) };
      const unchanged = await get(script, condition);
      assert.deepEqual([unchanged.status, unchanged.body], [304, ""]);
      assert.equal(unchanged.headers["content-encoding"], undefined);
      const part = await get(script, { ...browser, Range: "bytes=0-1999" });
      assert.equal(part.status, 200);
      assert.equal(unpacked(part), unpacked(await get(script)));
    });

    it(`${server} does not hold an event stream back to compress it`, async () => {
      const path = `/api/polls/${poll}/results/stream`;
      const { headers } = await ask({ path, headers: browser, until: /^data: .*\n\n/m });
      assert.equal(headers["content-encoding"], undefined);
    });

    it(`${server} does not compress what tells something about one person`, async () => {
      const made = await ask({
        method: "POST",
        path: `/api/polls/${poll}/votes`,
        headers: { ...json, ...browser },
        body: ballot(),
      });
      assert.equal(made.status, 202, made.body);
      const { receipt } = JSON.parse(made.body) as { receipt: string };
      const fromElsewhere = { ...browser, Cookie: cookie, "Sec-Fetch-Site": "cross-site" };
      const answers: Readonly<Record<string, PlainAnswer>> = {
        "a vote": made,
        "a receipt": await get(`/receipt/${receipt}`, browser),
        "a receipt as data": await get(`/api/receipts/${receipt}`, browser),
        "a session": await get("/api/auth/get-session", { ...browser, Cookie: cookie }),
        "a studio page for another site": await get("/studio", fromElsewhere),
      };
      for (const [name, answer] of Object.entries(answers)) {
        assert.equal(answer.headers["content-encoding"], undefined, name);
        assert.match(String(answer.headers["cache-control"]), /no-transform/, name);
      }
    });
  }
});
