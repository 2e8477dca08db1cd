import assert from "node:assert/strict";
import { it } from "node:test";
import { MINUTE, SECOND } from "#lib/base/clock.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { FrontRow } from "#lib/store/front-rows.ts";
import { frontSentence } from "./front-sentence.ts";

const now = Date.UTC(2026, 10, 27, 12);
const front = (change: Partial<FrontRow> = {}): FrontRow => ({
  id: "0123456789abcdef",
  home: 3,
  machine: "web-2",
  pid: 4711,
  seenAtMs: now - 40 * SECOND,
  heldSinceMs: now - 41 * SECOND,
  missingSinceMs: now - 30 * SECOND,
  ...change,
});
const goneMs = 10 * MINUTE;

it("the front sentence names the front that is missing, and says how long results wait for it", () => {
  const waitingResults = [{ slug: "derby" as Slug, fronts: [front()], unknown: 0 }];
  const text = frontSentence(
    { members: [], missing: [front(), front()], waitingResults, goneMs },
    now,
  );
  assert.equal(
    text,
    "The front of home 3 on web-2 (process 4711) has not reported for 40 seconds and 1 other front. 1 result can't be final yet. It may hold votes; in 10 minutes it is declared gone, and closed polls become final without it.",
  );
});

it("the front sentence is absent while all fronts report", () => {
  assert.equal(
    frontSentence({ members: [], missing: [], waitingResults: [], goneMs }, now),
    undefined,
  );
});

it("the front sentence names the front that has held votes for longest, when no worker stores them", () => {
  const member = (home: number, heldForMs: number) =>
    ({ ...front({ home, seenAtMs: now }), role: "front", heldSinceMs: now - heldForMs }) as never;
  const text = (...members: never[]) =>
    frontSentence({ members, missing: [], waitingResults: [], goneMs }, now);
  assert.equal(text(member(1, 9_000)), undefined);
  assert.equal(
    text(member(1, 9_000), member(5, 40_000)),
    "The front of home 5 on web-2 (process 4711) has held votes for 40 seconds that no worker has stored.",
  );
});
