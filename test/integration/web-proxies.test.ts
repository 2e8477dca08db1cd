/**
 * Floodgate behind nginx, HAProxy and Caddy: with the files of `deploy/`, and with the configurations that people write
 * by themselves, which replace `Host` (nginx) or check fronts by HTTP/1.0 without one (HAProxy).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { Site } from "#test/support/site.ts";
import { undisturbed } from "#test/support/stalls.ts";
import { type RunningProxy, startWebProxy, type WebProxy } from "#test/support/web-proxies.ts";

const origin = "http://polls.example";

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A loopback address: behind a proxy, each is another person. */
  readonly from?: string;
  readonly until?: RegExp;
}

/** Sends a request through a proxy, as the site's own pages do. */
function ask(port: number, path: string, asked: Asked = {}) {
  const { method = "GET", headers = {}, body, from = "127.0.0.5", until } = asked;
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          localAddress: from,
          port,
          path,
          method,
          agent: false,
          headers: {
            Host: port === 80 ? "polls.example" : `polls.example:${port}`,
            ...(method === "POST" && { Origin: origin }),
            ...headers,
            ...(body !== undefined && { "Content-Length": Buffer.byteLength(body) }),
          },
        },
        answer => {
          const pieces: Buffer[] = [];
          const done = () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: Buffer.concat(pieces),
            });
          answer.on("data", (piece: Buffer) => {
            pieces.push(piece);
            if (!until?.test(Buffer.concat(pieces).toString())) return;
            done();
            sent.destroy();
          });
          answer.on("end", done);
          answer.on("error", () => {});
        },
      );
      sent.on("error", reject);
      sent.end(body);
    },
  );
}

const json = { "Content-Type": "application/json" };

describe("behind a web proxy", () => {
  let site: Site;
  let createPoll = "";

  before(async () => {
    site = await Site.start({
      env: { PUBLIC_URL: origin, FLOODGATE_TRUSTED_PROXIES: "127.0.0.1" },
    });
    const manifest = JSON.parse(
      readFileSync(".next/server/server-reference-manifest.json", "utf8"),
    ) as { node: Record<string, { exportedName?: string }> };
    const found = Object.entries(manifest.node).find(
      ([, { exportedName }]) => exportedName === "createPollAction",
    );
    createPoll = found?.[0] ?? "";
    assert.notEqual(createPoll, "");
  });
  after(() => site?.stop());

  const vote = (port: number) =>
    ask(port, `/api/polls/${site.seeded.polls[0]}/votes`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ choices: ["1"] }),
    });

  const signIn = (port: number, from: string, email: string, password: string) =>
    ask(port, "/api/auth/sign-in/email", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ email, password }),
      from,
    });

  /** As long as a browser's. */
  const boundary = "----FormBoundaryOfTheStudiosForm";

  /** Saves a draft by the studio's own form, as React sends it. */
  function save(port: number, cookie: string, question: string, from = origin) {
    const fields = [
      ["_1_question", question],
      ["_1_options", "Yes\nNo"],
      ["_1_choices", "one"],
      ["_1_resultsTo", "everyone"],
      ["_1_resultsAs", "both"],
      ["_1_afterVote", "results"],
      ["_1_lane", "normal"],
      ["_1_intent", "draft"],
      // The arguments, which name the form's fields, come last.
      ["0", '[{},"$K1"]'],
    ];
    const parts = fields.map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return ask(port, "/studio/new", {
      method: "POST",
      headers: {
        Cookie: cookie,
        Origin: from,
        Accept: "text/x-component",
        "Next-Action": createPoll,
        "Content-Type": `multipart/form-data; boundary=${boundary}`,
      },
      body: `${parts.join("")}--${boundary}--\r\n`,
    });
  }

  async function isSaved(question: string): Promise<boolean> {
    const rows = await site.query("SELECT id FROM polls WHERE question = ?", [question]);
    return rows.length === 1;
  }

  const setups: readonly [WebProxy, "shipped" | "usual"][] = [
    ["nginx", "shipped"],
    ["haproxy", "shipped"],
    ["caddy", "shipped"],
    ["nginx", "usual"],
    ["haproxy", "usual"],
    ["caddy", "usual"],
  ];
  for (const [program, configuration] of setups) {
    const kind = configuration === "shipped" ? "with our configuration" : "as people set it up";
    describe(`${program} ${kind}`, () => {
      let proxy: RunningProxy;
      before(async () => {
        const port = site.fronts[0]?.port ?? 0;
        proxy = await startWebProxy(program, configuration, port, site.directory);
      });
      after(() => proxy?.stop());

      it(`a reader votes behind ${program} ${kind}, and a viewer sees it within a second`, () =>
        undisturbed(async () => {
          const path = `/api/polls/${site.seeded.polls[0]}/results/stream`;
          let votedMs = 0;
          const two = ask(proxy.port, path, { until: /(data: .*\n\n[\s\S]*){2}/ }).then(answer => {
            assert.equal(answer.status, 200);
            return monotonicMs();
          });
          await new Promise(resolve => setTimeout(resolve, 300));
          const voted = await vote(proxy.port);
          votedMs = monotonicMs();
          assert.equal(voted.status, 202, voted.body.toString());
          const tookMs = (await two) - votedMs;
          assert.ok(tookMs < SECOND, String(tookMs));
        }));

      it(`an editor signs in and saves a poll behind ${program} ${kind}`, async () => {
        const { email, password } = site.seeded.editor;
        const signedIn = await signIn(proxy.port, "127.0.0.9", email, password);
        assert.equal(signedIn.status, 200, signedIn.body.toString());
        const cookies = [signedIn.headers["set-cookie"] ?? []].flat();
        const cookie = cookies.map(line => line.split(";")[0]).join("; ");
        const question = `Saved behind ${program} ${configuration}?`;
        const saved = await save(proxy.port, cookie, question);
        assert.ok(saved.status < 400, `${saved.status} ${saved.body.toString().slice(0, 300)}`);
        assert.ok(await isSaved(question), saved.body.toString().slice(0, 300));
        const refused = await save(proxy.port, cookie, `Not ${question}`, "https://evil.example");
        assert.equal(refused.status, 403);
        assert.ok(!(await isSaved(`Not ${question}`)));
      });

      it(`a page is compressed, and revalidated, behind ${program} ${kind}`, async () => {
        const path = `/p/${site.seeded.polls[0]}`;
        const headers = { "Accept-Encoding": "br, gzip" };
        const page = await ask(proxy.port, path, { headers });
        assert.equal(page.headers["content-encoding"], "br");
        assert.match(String(page.headers.vary), /Accept-Encoding/);
        assert.match(brotliDecompressSync(page.body).toString(), /<\/html>/);
        await undisturbed(async () => {
          const one = await ask(proxy.port, "/embed.js", { headers });
          const tag = { ...headers, "If-None-Match": String(one.headers.etag) };
          assert.equal((await ask(proxy.port, "/embed.js", { headers: tag })).status, 304);
        });
      });
    });
  }

  it("sign-ins are limited for each person behind nginx, HAProxy and Caddy", async () => {
    for (const [index, program] of (["nginx", "haproxy", "caddy"] as const).entries()) {
      const port = site.fronts[0]?.port ?? 0;
      const proxy = await startWebProxy(program, "shipped", port, site.directory);
      const attempts = [];
      for (let person = 1; person <= 12; person++) {
        const from = `127.0.${index + 1}.${person}`;
        const email = `nobody-${index}-${person}@newsroom.example`;
        attempts.push((await signIn(proxy.port, from, email, "a wrong one")).status);
      }
      await proxy.stop();
      // A slow machine answers some with 503, because passwords are hashed at a bounded rate.
      assert.ok(attempts.includes(401) && !attempts.includes(429), `${program}: ${attempts}`);
    }
  });
});
