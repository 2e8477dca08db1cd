/** Live results over HTTP, from a real front: streams, long polls, the end of a poll, a front that stops. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, type ResultsBody, results, vote } from "#test/support/ledger.ts";
import { memcachedStat } from "#test/support/memcached-stats.ts";
import { type Process, Site } from "#test/support/site.ts";

/** An open stream: the results received, and whether it has ended. */
class Stream {
  readonly results: ResultsBody[] = [];
  text = "";
  over = false;
  readonly #abort = new AbortController();

  static async open(url: string, slug: string, lastEventId?: number): Promise<Stream> {
    const stream = new Stream();
    const response = await fetch(`${url}/api/polls/${slug}/results/stream`, {
      signal: stream.#abort.signal,
      ...(lastEventId !== undefined && { headers: { "Last-Event-ID": String(lastEventId) } }),
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    void stream.#read(response);
    return stream;
  }

  async #read(response: Response): Promise<void> {
    try {
      for await (const piece of response.body ?? []) {
        this.text += Buffer.from(piece).toString();
        const data = [...this.text.matchAll(/^data: (.*)$\n\n/gm)];
        for (const [, json = ""] of data.slice(this.results.length)) {
          this.results.push(JSON.parse(json) as ResultsBody);
        }
      }
    } catch {
      // Closed by this test, or by the server.
    }
    this.over = true;
  }

  get newest(): ResultsBody | undefined {
    return this.results.at(-1);
  }

  leave(): void {
    this.#abort.abort();
  }
}

describe("live results", () => {
  let site: Site;
  let front: Process;
  before(async () => {
    site = await Site.start({ workers: 1 });
    const [first] = site.fronts;
    assert.ok(first);
    front = first;
  });
  after(() => site?.stop());

  const cast = (slug: string) =>
    vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() }).then(r => r.text());

  it("an open stream gets a vote's results", async () => {
    const slug = await createPoll(site);
    const stream = await Stream.open(site.url, slug);
    await waitUntil("the first event", () => stream.results.length === 1);
    assert.equal(stream.newest?.version, (await results(site, slug)).version);
    await cast(slug);
    await waitUntil("the vote", () => stream.newest?.ballots === 1, { withinMs: 5_000 });
    stream.leave();
  });

  it("a hundred viewers cost memcached as much as one", async () => {
    const slug = await createPoll(site);
    const port = site.memcached[0]?.port ?? 0;
    const cost = async (viewers: number) => {
      const streams = await Promise.all(
        Array.from({ length: viewers }, () => Stream.open(site.url, slug)),
      );
      const before = await memcachedStat(port, "cmd_get");
      for (let i = 0; i < 3; i++) {
        const goal = (streams[0]?.newest?.ballots ?? 0) + 1;
        await cast(slug);
        await waitUntil("the vote", () => streams.every(s => s.newest?.ballots === goal));
      }
      const keys = (await memcachedStat(port, "cmd_get")) - before;
      for (const stream of streams) stream.leave();
      return keys;
    };
    const one = await cost(1);
    const hundred = await cost(100);
    assert.ok(hundred < one * 2, `${one} keys read for one viewer, ${hundred} for a hundred`);
  });

  it("a long poll is answered when a newer version exists, and with 204 when none does in time", async () => {
    const slug = await createPoll(site);
    const { version } = await results(site, slug);
    const ask = (query: string) => fetch(`${site.url}/api/polls/${slug}/results?${query}`);
    const held = ask(`after=${version}&wait=20`);
    await cast(slug);
    const answer = await held;
    assert.equal(answer.status, 200);
    const newer = (await answer.json()) as ResultsBody;
    assert.ok(newer.version > version && newer.ballots === 1);
    assert.equal((await ask(`after=${newer.version}&wait=1`)).status, 204);
    assert.equal((await ask(`after=${newer.version}`)).status, 204);
    assert.equal((await ask(`after=${version}`)).status, 200);
    for (const wrong of ["after=x", "wait=3", `after=1&wait=9999`, "after=-1"]) {
      assert.equal((await ask(wrong)).status, 400, wrong);
    }
  });

  it("a stream shows that its poll is closing, then final, and ends", async () => {
    const slug = await createPoll(site);
    await cast(slug);
    const stream = await Stream.open(site.url, slug);
    await waitUntil("the first event", () => stream.results.length > 0);
    await api(site, "POST", `/api/polls/${slug}/close`);
    await waitUntil("the end", () => stream.over, { withinMs: 30_000 });
    const states = stream.results.map(({ state }) => state);
    assert.equal(states[0], "open");
    assert.equal(states.at(-1), "final");
    const again = await fetch(`${site.url}/api/polls/${slug}/results/stream`, {
      headers: { "Last-Event-ID": String(stream.newest?.version) },
    });
    assert.equal(again.status, 204, "the standard's way to say: do not come back");
  });

  it("a stream of a draft is answered 404", async () => {
    const draft = await createPoll(site, { opensAt: null });
    for (const slug of [draft, "nowhere"]) {
      const response = await fetch(`${site.url}/api/polls/${slug}/results/stream`);
      assert.equal(response.status, 404);
    }
  });

  it("a front that stops ends its streams at once, and tells browsers when to reconnect", async () => {
    const slug = await createPoll(site);
    const { version } = await results(site, slug);
    const streams = await Promise.all([1, 2, 3].map(() => Stream.open(site.url, slug)));
    const held = fetch(`${site.url}/api/polls/${slug}/results?after=${version}&wait=25`);
    // Browsers open a spare connection in advance.
    const unused = connect({ port: front.port, host: "127.0.0.1" });
    unused.on("error", () => {});
    await waitUntil("the first events", () => streams.every(s => s.results.length === 1));
    front.child.signal("SIGTERM");
    assert.equal((await held).status, 204);
    await waitUntil("the end", () => streams.every(s => s.over));
    for (const { text } of streams) assert.match(text, /retry: \d+\n\n$/);
    assert.equal(await front.child.exit(), 0);
    await site.restartFront(front);
  });
});
