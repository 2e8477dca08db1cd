import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { isFloodgateError } from "../base/errors.ts";
import { createLog } from "../base/log.ts";
import type { PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { streamResults } from "./event-stream.ts";
import { LiveBoard } from "./live-board.ts";
import { waitForNews } from "./long-poll.ts";
import type { Snapshot } from "./snapshot.ts";

const slug = "a-poll" as Slug;
const poll = { id: 1 as PollId, key: "7000000001" as PollKey, slug };

async function waitUntil(what: string, ready: () => boolean): Promise<void> {
  const until = monotonicMs() + 20 * SECOND;
  while (!ready()) {
    assert.ok(monotonicMs() < until, what);
    await sleep(2);
  }
}

/** A board on results that the test sets, and a count of the reads of them. */
function setUp(viewersMax = 1_000) {
  const source = {
    version: 1,
    state: "open" as "open" | "final",
    reads: 0,
    there: true,
    away: false,
    poll,
  };
  const snapshot = (): Snapshot => {
    const { version, state } = source;
    const results = {
      poll: slug,
      edition: "e",
      state,
      version,
      asOf: "",
      hidden: null,
      ballots: version,
      waiting: 0,
      options: [],
    };
    const text = JSON.stringify(results);
    return { results, text, json: Buffer.from(text), etag: `W/"${version}"` };
  };
  const board = new LiveBoard({
    published: { find: async () => (source.there ? ({ ...poll, ...source.poll } as Poll) : null) },
    results: {
      snapshot: async () => {
        source.reads += 1;
        if (source.away) throw new Error("memcached is away");
        return snapshot();
      },
    },
    log: createLog("test", "silent"),
    viewersMax,
    tickMs: 5,
    idleMs: 20,
  });
  return { source, board, snapshot };
}

/** Reads a stream to its end, piece by piece. */
function follow(stream: ReadableStream<Uint8Array>) {
  const seen = { text: "", over: false, broke: false };
  const reader = stream.getReader();
  const read = async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        seen.text += Buffer.from(value).toString();
      }
    } catch {
      seen.broke = true;
    }
    seen.over = true;
  };
  void read();
  return { seen, leave: () => reader.cancel() };
}

const eventsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

describe("live results", () => {
  it("live results are sent at once, then with every change, and not without one", async () => {
    const { source, board, snapshot } = setUp();
    const { seen, leave } = follow(streamResults(board, poll, "reader", snapshot(), 0));
    await waitUntil("ten reads", () => source.reads > 10);
    assert.deepEqual(eventsIn(seen.text), [1]);
    source.version = 2;
    await waitUntil("the change", () => eventsIn(seen.text).length === 2);
    assert.match(seen.text, /^retry: \d{3,4}\n\nid: 1\nevent: results\ndata: \{.*\}\n\n/);
    await leave();
    assert.equal(board.viewers, 0);
  });

  it("live results cost one read a tick for any number of viewers, and none without viewers", async () => {
    const { source, board, snapshot } = setUp();
    const viewers = Array.from({ length: 300 }, () =>
      follow(streamResults(board, poll, "reader", snapshot(), 0)),
    );
    for (let version = 2; version <= 6; version++) {
      source.version = version;
      const all = () => viewers.every(({ seen }) => eventsIn(seen.text).at(-1) === version);
      await waitUntil(`version ${version}`, all);
    }
    const reads = source.reads;
    assert.ok(reads < 300, `${reads} reads for 300 viewers and 5 changes`);
    for (const { leave } of viewers) await leave();
    const after = source.reads;
    await sleep(50);
    assert.ok(source.reads - after <= 1);
  });

  it("live results are not sent again to a viewer who reconnects with their version", async () => {
    const { source, board, snapshot } = setUp();
    source.version = 7;
    const { seen, leave } = follow(streamResults(board, poll, "reader", snapshot(), 7));
    await waitUntil("three reads", () => source.reads > 3);
    assert.deepEqual(eventsIn(seen.text), []);
    source.version = 8;
    await waitUntil("the change", () => eventsIn(seen.text).length === 1);
    await leave();
  });

  it("live results send an idle event while nothing changes, and none while they can't be read", async () => {
    const { source, board, snapshot } = setUp();
    const { seen, leave } = follow(streamResults(board, poll, "reader", snapshot(), 1));
    await waitUntil("idle events", () => seen.text.split("\ndata:\n\n").length > 2);
    source.away = true;
    const reads = source.reads;
    await waitUntil("a read that fails", () => source.reads > reads);
    const before = seen.text;
    await waitUntil("many reads that fail", () => source.reads > reads + 20);
    assert.equal(seen.text, before);
    await leave();
  });

  it("live results end after the final results, and when the poll is deleted", async () => {
    for (const change of [{ state: "final" as const, version: 2 }, { there: false }]) {
      const { source, board, snapshot } = setUp();
      const { seen } = follow(streamResults(board, poll, "reader", snapshot(), 0));
      Object.assign(source, change);
      await waitUntil("the end", () => seen.over);
      assert.deepEqual(eventsIn(seen.text), source.there ? [1, 2] : [1]);
      assert.equal(board.viewers, 0);
    }
  });

  it("live results disconnect a viewer who does not read, and keep the others", async () => {
    const { source, board, snapshot } = setUp();
    const stalled = streamResults(board, poll, "reader", snapshot(), 0);
    const { seen, leave } = follow(streamResults(board, poll, "reader", snapshot(), 0));
    for (let version = 2; version <= 10; version++) {
      source.version = version;
      await waitUntil(`version ${version}`, () => eventsIn(seen.text).at(-1) === version);
    }
    assert.equal(board.viewers, 1);
    const late = follow(stalled);
    await waitUntil("the end", () => late.seen.over);
    assert.ok(late.seen.broke);
    await leave();
  });

  it("live results tell every viewer to reconnect when the process stops, and refuse new ones", async () => {
    const { source, board, snapshot } = setUp();
    const viewers = Array.from({ length: 20 }, () =>
      follow(streamResults(board, poll, "reader", snapshot(), 0)),
    );
    await waitUntil("a read", () => source.reads > 1);
    const held = waitForNews(board, poll, "reader", {
      after: 1,
      waitMs: 60_000,
      signal: new AbortController().signal,
    });
    board.stop();
    assert.equal(await held, undefined);
    await waitUntil("all ends", () => viewers.every(({ seen }) => seen.over && !seen.broke));
    const pauses = viewers.map(({ seen }) => Number(/retry: (\d+)\n\n$/.exec(seen.text)?.[1]));
    assert.ok(new Set(pauses).size > 10, "not all at the same moment");
    assert.throws(
      () => streamResults(board, poll, "reader", snapshot(), 0),
      error => isFloodgateError(error, "overloaded"),
    );
  });

  it("viewers of a poll are sent nothing of another one that got its slug", async () => {
    const { source, board, snapshot } = setUp();
    const old = follow(streamResults(board, poll, "reader", snapshot(), 0));
    await waitUntil("the first results", () => eventsIn(old.seen.text).length === 1);
    source.poll = { ...poll, id: 2 as PollId, key: "8000000001" as PollKey };
    source.version = 50;
    await waitUntil("the end of the old poll's stream", () => old.seen.over);
    assert.deepEqual(eventsIn(old.seen.text), [1]);
    const fresh = follow(streamResults(board, source.poll, "reader", snapshot(), 0));
    source.version = 51;
    await waitUntil("the new poll's results", () => eventsIn(fresh.seen.text).includes(51));
    await fresh.leave();
  });

  it("live results refuse a viewer beyond the limit", () => {
    const { board, snapshot } = setUp(2);
    const streams = [1, 2].map(() => streamResults(board, poll, "reader", snapshot(), 0));
    assert.throws(
      () => streamResults(board, poll, "reader", snapshot(), 0),
      error => isFloodgateError(error, "overloaded"),
    );
    for (const stream of streams) void stream.cancel();
  });
});

describe("a long poll", () => {
  const held = (board: LiveBoard, after: number, waitMs: number, signal?: AbortSignal) =>
    waitForNews(board, poll, "reader", {
      after,
      waitMs,
      signal: signal ?? new AbortController().signal,
    });

  it("a long poll is answered with the first newer results", async () => {
    const { source, board } = setUp();
    const answer = held(board, 1, 60_000);
    await waitUntil("three reads", () => source.reads > 3);
    source.version = 2;
    assert.equal((await answer)?.results.version, 2);
    assert.equal(board.viewers, 0);
  });

  it("a long poll ends without results when its time is up or its client has disconnected", async () => {
    const { board } = setUp();
    assert.equal(await held(board, 1, 30), undefined);
    const gone = new AbortController();
    const answer = held(board, 1, 60_000, gone.signal);
    gone.abort();
    assert.equal(await answer, undefined);
    assert.equal(board.viewers, 0);
  });
});
