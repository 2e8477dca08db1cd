/**
 * The front answers hot routes itself, a plain `next start` answers them through Next's pipeline. Both get the same
 * requests, and must give the same answers: status, headers and body.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, vote } from "#test/support/ledger.ts";
import { type NextStart, startNext } from "#test/support/next-start.ts";
import { type PlainAnswer, plainRequest } from "#test/support/plain-http.ts";
import { Site } from "#test/support/site.ts";
import { undisturbed } from "#test/support/stalls.ts";
import { listRequests } from "./list-requests.ts";
import { outcomePolls, outcomeRequests } from "./outcome-requests.ts";
import { requests, type Target } from "./requests.ts";

const everything = { ...requests, ...listRequests, ...outcomeRequests };

/** Headers about this connection or this moment. */
const ofTheConnection = new Set([
  "connection",
  "keep-alive",
  "date",
  // Next streams in chunks; the front has the whole body, and sends its length.
  "transfer-encoding",
  "content-length",
]);

/**
 * Next adds the headers that its own pages vary by to every answer, and its compression adds its own, to small ones too.
 * Our routes use none of the first; `compression.test.ts` shows that they name the second.
 */
const varyOfNext = /^(rsc|next-router-(state-tree|prefetch|segment-prefetch)|accept-encoding)$/i;

function varyOfOurs(value: string): string {
  const names = value.split(",").map(name => name.trim());
  return names.filter(name => !varyOfNext.test(name)).join(", ");
}

/** Replaces what differs from one moment, request or poll to the next. */
function normalised(text: string): string {
  return text
    .replaceAll(/asked-at-(?:front|next)/g, "{poll}")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "{uuid}")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "{moment}")
    .replaceAll(/\d\d:\d\d:\d\d/g, "{time}")
    .replaceAll(/(v1|t1)\.[\w-]+\.[\w-]+/g, "{identity}")
    .replaceAll(/"receipt":"[\w-]+"/g, '"receipt":"{code}"')
    .replaceAll(/\/receipt\/[\w-]+/g, "/receipt/{code}")
    .replaceAll(/"version":\d+/g, '"version":{n}')
    .replaceAll(/[0-9a-f]{16}\.[\w-]{11}/g, "{edition}")
    .replaceAll(/og\.png\?v=\d+-\d+/g, "og.png?v={n}")
    .replaceAll(/"waiting":(\d+|null)/g, '"waiting":{n}')
    .replaceAll(/Still being counted: \d+/g, "Still being counted: {n}")
    .replaceAll(/^(id|retry): \d+$/gm, "$1: {n}");
}

function headerOf(name: string, value: string): string {
  if (name === "vary") return varyOfOurs(value);
  // The tags are of different moments; conditional requests show that they are the right ones.
  return name === "etag" ? "{tag}" : value;
}

function comparable({ status, headers, body }: PlainAnswer) {
  const kept = Object.entries(headers)
    .filter(([name]) => !ofTheConnection.has(name))
    .map(([name, value]) => [name, headerOf(name, normalised(String(value)))])
    .filter(([, value]) => value !== "");
  return {
    head: { status, headers: Object.fromEntries(kept) },
    body: normalised(body),
  };
}

/** Two texts from shortly before their first difference on: a page is too long to be printed. */
function differenceOf(one: string, two: string): [string, string] {
  let same = 0;
  while (same < one.length && one[same] === two[same]) same += 1;
  const from = Math.max(0, same - 100);
  return [one.slice(from, from + 300), two.slice(from, from + 300)];
}

describe("the front and a plain next start give the same answer", () => {
  let site: Site;
  let next: NextStart;
  let front: Target;
  let plain: Target;

  before(async () => {
    site = await Site.start({ env: { PUBLIC_URL: "http://polls.example" } });
    next = await startNext(site, {
      FLOODGATE_QUEUE_FIRST_HOME: "1",
      FLOODGATE_STATE_DIR: join(site.directory, "state-of-next"),
    });
    const make = async (slug: string, more: object) => {
      const options = ["Yes", "No", "Perhaps"].map(label => ({ label }));
      const body = { slug, question: "Is it so?", options, ...more };
      const made = await api(site, "POST", "/api/polls", body);
      assert.equal(made.status, 201, await made.clone().text());
      return slug;
    };
    const opensAt = new Date(Date.now() - 1_000).toISOString();
    const shared = {
      open: await make("read-only", { opensAt }),
      closed: await make("over", { opensAt }),
      draft: await make("not-yet", {}),
    };
    await make("before", {});
    await api(site, "PATCH", "/api/polls/before", { slug: "afterwards", opensAt });
    await api(site, "POST", `/api/polls/${shared.closed}/close`);
    for (const [slug, { rules, ballots, closed }] of Object.entries(outcomePolls)) {
      await make(slug, { opensAt, ...rules });
      for (const choices of ballots) {
        const { status } = await vote(site.url, slug, { choices, ballotId: randomUUID() });
        assert.equal(status, 202, slug);
      }
      if (closed) await api(site, "POST", `/api/polls/${slug}/close`);
    }
    const target = (own: string, port: number): Target => ({
      ...shared,
      own,
      ask: request => plainRequest(port, request),
    });
    front = target(await make("asked-at-front", { opensAt }), site.fronts[0]?.port ?? 0);
    plain = target(await make("asked-at-next", { opensAt }), next.port);
    const ended = Object.keys(outcomePolls).filter(slug => outcomePolls[slug]?.closed);
    for (const { ask } of [front, plain]) {
      for (const slug of [shared.closed, ...ended]) {
        await waitUntil(`the final result of ${slug}`, async () => {
          const { body } = await ask({ path: `/api/polls/${slug}/results` });
          return body.includes('"state":"final"');
        });
      }
    }
  });
  after(async () => {
    await next?.stop();
    await site?.stop();
  });

  for (const [kind, cases] of Object.entries(everything)) {
    describe(kind, () => {
      for (const [name, send] of Object.entries(cases)) {
        it(`the front and a plain next start answer ${name} alike`, () =>
          undisturbed(async () => {
            const [one, two] = [await send(front), await send(plain)];
            assert.ok(one.status < 500, `${one.status} ${one.body}`);
            const [ofFront, ofNext] = [comparable(one), comparable(two)];
            assert.deepEqual(ofFront.head, ofNext.head);
            assert.deepEqual(...differenceOf(ofFront.body, ofNext.body));
          }));
      }
    });
  }
});
