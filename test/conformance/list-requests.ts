/** Requests for lists of polls, and for polls at addresses that they had before. */
import assert from "node:assert/strict";
import { waitUntil } from "#scripts/services/ports.ts";
import { as, ballot, cast, form, get, json, type Send } from "./requests.ts";

/** A front reads three searches a second from MySQL, and the requests below are faster than that: asks until it does. */
const search =
  (path: string): Send =>
  async target => {
    let answer = await target.ask({ path });
    await waitUntil(`${path} to be read from MySQL`, async () => {
      if (answer.headers["cache-control"]?.startsWith("public")) return true;
      answer = await target.ask({ path });
      return false;
    });
    return answer;
  };

const lists: Readonly<Record<string, Send>> = {
  "the list of polls": get(() => "/"),
  "a page behind the last one": get(() => "/?page=99"),
  "a search": search("/?q=IS%20it"),
  "a search that finds nothing": search("/?q=%25%00%F0%9F%90%9F'\"\\"),
  "a search with broken bytes": search("/?q=%FF%ED%A0%80"),
  "closed polls": search("/?state=closed&before=999999999999"),
  "a list parameter that is not known": get(() => "/?state=none&page=-1&before=x"),
  "the editors' list without a session": get(() => "/api/polls?state=open"),
  "HEAD of the list": as("HEAD", () => "/"),
};

/** What is said of a vote in the renamed poll. */
const receiptAt =
  (path: (code: string) => string): Send =>
  async target => {
    const { body } = await cast(
      () => ballot(),
      json,
      () => "/api/polls/afterwards/votes",
    )(target);
    const { receipt } = JSON.parse(body) as { receipt: string };
    let answer = await target.ask({ path: path(receipt) });
    await waitUntil("the ballot to be counted", async () => {
      answer = await target.ask({ path: path(receipt) });
      return /"counted"/.test(answer.body);
    });
    assert.match(answer.body, /\bafterwards\b/);
    return { ...answer, body: answer.body.replaceAll(receipt, "{code}") };
  };

const moved: Readonly<Record<string, Send>> = {
  ...Object.fromEntries(
    [
      "/p/{}",
      "/p/{}/results",
      "/embed/{}?lang=ar",
      "/api/polls/{}",
      "/api/polls/{}/results",
    ].flatMap(path => [
      [`GET ${path} of a renamed poll`, get(() => path.replace("{}", "before"))],
      [`GET ${path} in upper case`, get(({ open }) => path.replace("{}", open.toUpperCase()))],
    ]),
  ),
  "a vote for a renamed poll": cast(
    () => ballot(),
    json,
    () => "/api/polls/before/votes",
  ),
  "a form for a renamed poll": cast(
    () => "choice=1",
    form,
    () => "/api/polls/before/votes?from=embed",
  ),
  "a stream of a renamed poll": get(() => "/api/polls/before/results/stream"),
  "the picture of a renamed poll": get(() => "/p/before/og.png?v=1"),
  "oEmbed of a renamed poll": get(
    () => `/oembed?url=${encodeURIComponent("http://polls.example/p/before")}`,
  ),
  "the receipt of a renamed poll": receiptAt(code => `/receipt/${code}`),
  "the receipt of a renamed poll as data": receiptAt(code => `/api/receipts/${code}`),
  "a path in upper case": get(({ open }) => `/P/${open}/Results?lang=sv`),
};

export const listRequests: Readonly<Record<string, Readonly<Record<string, Send>>>> = {
  lists,
  moved,
};
