/** Pages of polls on a real MariaDB: by state, by words, forwards and backwards. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { HOUR } from "#lib/base/clock.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { searchWords } from "#lib/model/search-words.ts";
import type { Row } from "#lib/store/database.ts";
import { updatePoll } from "#lib/store/poll-changes.ts";
import {
  countPolls,
  type FoundPage,
  linePage,
  listedPolls,
  type PollFilter,
  pollFilters,
  pollPage,
} from "#lib/store/poll-lists.ts";
import { findPoll, newestPolls } from "#lib/store/polls.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const { store, newPoll } = await startFlushBench();
const nowMs = Date.UTC(2026, 10, 27, 12);
const pollsMade = 230;

/** Opening and closing, in hours from now; `undefined`: none. */
const times: readonly (readonly [number | undefined, number | undefined, boolean?])[] = [
  [undefined, undefined],
  [undefined, -1],
  [1, undefined],
  [2, 3],
  [0, undefined],
  [-1, 1],
  [-2, 0],
  [-2, -1],
  [-2, -1, true],
  [-9, -8, true],
];

before(async () => {
  for (let i = 0; i < pollsMade; i++) {
    await newPoll();
    const poll = await findPoll(store, `poll-${i + 1}` as Slug);
    assert.ok(poll);
    const [opens, closes, final] = times[i % times.length] ?? [];
    const at = (hours: number | undefined) => (hours === undefined ? null : nowMs + hours * HOUR);
    const question = i === 7 ? "100 % of Zürich_West?" : `Question ${i}?`;
    const content = { ...poll, question, opensAtMs: at(opens), closesAtMs: at(closes) };
    await updatePoll(store, poll.id, content, nowMs);
    if (!final) continue;
    const values = [new Date(nowMs), poll.id];
    await store.write("test.final", "UPDATE polls SET finalized_at = ? WHERE id = ?", values);
  }
});

const isIn = (state: string, filter: PollFilter) =>
  filter === "closed" ? state === "closing" || state === "final" : state === filter;

async function slugsThat(filter: PollFilter | undefined): Promise<string[]> {
  const all = await newestPolls(store, pollsMade);
  return all
    .filter(poll => filter === undefined || isIn(pollState(poll, nowMs), filter))
    .map(({ slug }) => slug);
}

type Read = (at: { before?: PollId | undefined }) => Promise<FoundPage<{ id: PollId; slug: Slug }>>;

async function allPages(read: Read): Promise<string[]> {
  const found: string[] = [];
  let page = await read({});
  assert.equal(page.hasNewer, false);
  for (;;) {
    found.push(...page.polls.map(({ slug }) => slug));
    if (!page.hasOlder) return found;
    page = await read({ before: page.polls.at(-1)?.id });
  }
}

describe("pages of polls", () => {
  for (const state of [undefined, ...pollFilters]) {
    it(`pages of ${state ?? "all"} polls have each such poll once, the newest first`, async () => {
      const wanted = await slugsThat(state);
      assert.ok(wanted.length > 20);
      const selection = { state, nowMs };
      const read: Read = at => pollPage(store, selection, { ...at, limit: 7 });
      assert.deepEqual(await allPages(read), wanted);
      const lines: Read = at => linePage(store, selection, { ...at, limit: 7 });
      assert.deepEqual(await allPages(lines), wanted);
    });
  }

  it("the page after a poll has the next newer ones, and says whether there are more", async () => {
    const [newest, second, third, fourth] = await newestPolls(store, 4);
    const page = (after: PollId | undefined) => pollPage(store, { nowMs }, { after, limit: 2 });
    const two = await page(fourth?.id);
    assert.deepEqual(
      two.polls.map(({ id }) => id),
      [second?.id, third?.id],
    );
    assert.deepEqual([two.hasNewer, two.hasOlder], [true, true]);
    const one = await page(second?.id);
    assert.deepEqual(
      one.polls.map(({ id }) => id),
      [newest?.id],
    );
    assert.deepEqual([one.hasNewer, one.hasOlder], [false, true]);
  });

  it("a search finds words of the question and the slug in any case, and takes % and _ literally", async () => {
    const find = async (text: string) =>
      (await linePage(store, { words: searchWords(text), nowMs }, { limit: 100 })).polls.length;
    assert.equal(await find("zurich_WEST"), 1);
    assert.equal(await find("question poll-200"), 1);
    assert.equal(await find("100 %"), 1);
    assert.equal(await find("Question_1"), 0);
    assert.equal(await find("!"), 0);
    assert.equal(await find("'\\\" ⚓"), 0);
    assert.equal(await find("question"), 100);
  });

  it("the counts by state are those of the polls, also of a search", async () => {
    const counts = await countPolls(store, { nowMs });
    assert.equal(counts.all, pollsMade);
    for (const state of ["draft", "scheduled", "open", "closing", "final"] as const) {
      assert.equal(counts[state], (await slugsThat(state)).length, state);
    }
    const found = await countPolls(store, { words: ["zürich"], nowMs });
    assert.deepEqual([found.all, found.closing, found.open], [1, 1, 0]);
  });

  it("readers' list has open polls first, then the next to open, then those closed lately", async () => {
    const lines = await listedPolls(store, nowMs, nowMs - 4 * HOUR, 1_000);
    const states = lines.map(line => pollState(line, nowMs).replace("final", "closing"));
    const parts = states.filter((state, index) => state !== states[index - 1]);
    assert.deepEqual(parts, ["open", "scheduled", "closing"]);
    const scheduled = lines.filter(line => pollState(line, nowMs) === "scheduled");
    const opening = scheduled.map(({ opensAtMs }) => opensAtMs ?? 0);
    assert.deepEqual(
      opening,
      [...opening].sort((a, b) => a - b),
    );
    const closed = lines.filter(({ closesAtMs }) => (closesAtMs ?? nowMs + 1) <= nowMs);
    assert.ok(closed.every(({ closesAtMs }) => (closesAtMs ?? 0) > nowMs - 4 * HOUR));
    assert.equal(closed[0]?.closesAtMs, nowMs);
    const few = await listedPolls(store, nowMs, nowMs - 4 * HOUR, 3);
    assert.deepEqual(few, lines.slice(0, 3));
  });

  it("an unlisted poll and a draft are not in readers' list, nor in its search", async () => {
    const open = await slugsThat("open");
    await store.write("test.unlist", "UPDATE polls SET listed = FALSE WHERE slug = ?", [
      open[0] as string,
    ]);
    const slugs = (lines: readonly { readonly slug: string }[]) => lines.map(({ slug }) => slug);
    const inList = slugs(await listedPolls(store, nowMs, 0, 1_000));
    const { polls } = await linePage(store, { listed: true, nowMs }, { limit: 1_000 });
    for (const found of [inList, slugs(polls)]) {
      assert.ok(!found.includes(open[0] as string));
      assert.ok(found.includes(open[1] as string));
      for (const draft of await slugsThat("draft")) assert.ok(!found.includes(draft));
    }
  });

  it("a page far back is read by an index, not by walking the pages before it", async () => {
    const plan = await store.rows<Row & { rows: number; key: string | null }>(
      "test.explain",
      "EXPLAIN SELECT id FROM polls WHERE id < 20 ORDER BY id DESC LIMIT 8",
    );
    assert.equal(plan[0]?.key, "PRIMARY");
    assert.ok(Number(plan[0]?.rows) <= 20);
  });
});
