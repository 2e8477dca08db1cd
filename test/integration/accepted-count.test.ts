/** The accepted count with a disk or a memcached that is full: it goes on counting, and is written when it can be. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pino } from "pino";
import { AcceptedCount } from "#lib/books/accepted-count.ts";
import { parseCounts } from "#lib/books/recover-counts.ts";
import { acceptedKey } from "#lib/memcached/keys.ts";
import { readMemory } from "#lib/memcached/memory-stats.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { fill, smallItems } from "#test/support/full-memcached.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

const { port } = await testMemcached({ memoryMb: 4 });
const client = testClient(port);
after(() => client.close());
const poll = 7 as PollId;
const other = 8 as PollId;

/** An accepted count that is being published, with its log lines and the path of its file. */
function newCount() {
  const directory = mkdtempSync(join(tmpdir(), "floodgate-accepted-"));
  const lines: { readonly event: string; readonly code?: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const producer = randomBytes(8);
  const placement = new Placement([client], 1);
  const count = new AcceptedCount({ producer, home: 0, directory, placement, log });
  const stop = new AbortController();
  const publishing = count.publishUntil(stop.signal);
  after(async () => {
    stop.abort();
    await publishing;
    count.close();
    rmSync(directory, { recursive: true });
  });
  const path = join(directory, `accepted-0-${process.pid}-${producer.toString("hex")}.log`);
  const published = async (of: PollId) => {
    const pipeline = new Pipeline();
    const op = pipeline.get(acceptedKey(producer, keyOfId(of)));
    return counterValue((await client.read(pipeline)).of(op));
  };
  const written = (of: PollId) => {
    if (!existsSync(path)) return undefined;
    const counts = parseCounts(readFileSync(path, "utf8"), producer.toString("hex"));
    return counts.find(({ pollId }) => pollId === of)?.ballots;
  };
  return { count, path, lines, published, written };
}

const obstacles = {
  "can't be opened": { code: "EISDIR", put: (path: string) => mkdirSync(path) },
  "is on a full disk": { code: "ENOSPC", put: (path: string) => symlinkSync("/dev/full", path) },
};

describe("AcceptedCount", () => {
  for (const [what, { code, put }] of Object.entries(obstacles)) {
    it(`AcceptedCount goes on counting and publishing while its file ${what}, and writes it afterwards`, async () => {
      const { count, path, lines, published, written } = newCount();
      put(path);
      put(`${path}.next`);
      for (let i = 0; i < 100; i++) count.note([{ pollId: poll }, { pollId: other }]);
      await waitUntil("published", async () => (await published(poll)) === 100n);
      assert.deepEqual(
        lines.map(line => [line.event, line.code]),
        [["accepted_count_not_written", code]],
      );

      rmSync(path, { recursive: true });
      rmSync(`${path}.next`, { recursive: true });
      count.note([{ pollId: poll }]);
      await waitUntil("written", () => written(poll) === 101);
      assert.equal(written(other), 100, "the file has the ballots that were accepted meanwhile");
      assert.deepEqual(
        lines.map(({ event }) => event),
        ["accepted_count_not_written", "accepted_count_written_again"],
      );
    });
  }

  it("AcceptedCount has every poll's newest count in its file after many rewrites", () => {
    const { count, written } = newCount();
    count.note([{ pollId: other }]);
    const many = Array.from({ length: 200 }, (_, index) => ({ pollId: (100 + index) as PollId }));
    for (let i = 0; i < 2_000; i++) count.note(many);
    assert.equal(written(other), 1);
    assert.equal(written(100 as PollId), 2_000);
  });

  it("AcceptedCount keeps the published count when memcached is full, and publishes when memory is free", async () => {
    const { count, published } = newCount();
    count.note([{ pollId: poll }]);
    await waitUntil("published", async () => (await published(poll)) === 1n);
    const taken = await fill(client, smallItems);
    const { outOfMemory } = await readMemory(client);
    count.note([{ pollId: poll }]);
    const refused = async () => (await readMemory(client)).outOfMemory > outOfMemory;
    await waitUntil("a refused write", refused);
    assert.equal(await published(poll), 1n);

    const pipeline = new Pipeline();
    for (const key of taken) pipeline.delete(key);
    await client.send(pipeline);
    await waitUntil("published again", async () => (await published(poll)) === 2n);
  });
});
