/**
 * Votes on raw connections: those that the front answers without Node's HTTP server, those that it hands over, and the
 * order of their answers.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

interface Head {
  readonly status: number;
  readonly headers: string;
}

/** A connection, and the answers that came over it. */
class Line {
  readonly socket: Socket;
  ended = false;
  #received = "";

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.socket.on("data", bytes => {
      this.#received += bytes.toString("latin1");
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
    this.socket.on("error", () => {});
  }

  /** The heads of the answers so far; an answer's body never holds the text of one. */
  get answers(): readonly Head[] {
    const texts = this.#received.split(/(?=HTTP\/1\.1 \d{3} )/).filter(text => text !== "");
    return texts.map(text => ({
      status: Number(text.slice(9, 12)),
      headers: text.slice(0, text.indexOf("\r\n\r\n")),
    }));
  }

  /** Waits for so many answers, and gives their statuses. */
  async statuses(count: number): Promise<readonly number[]> {
    await waitUntil(`${count} answers`, () => this.answers.length >= count);
    return this.answers.map(({ status }) => status);
  }
}

function voteText(slug: string, headers = "", body?: string): string {
  const text = body ?? JSON.stringify({ choices: ["1"], ballotId: randomUUID() });
  return (
    `POST /api/polls/${slug}/votes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `${headers}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

const page = (slug: string) => `GET /p/${slug} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe("votes on a connection", () => {
  let site: Site;
  let slug: string;
  let port: number;
  const lines: Line[] = [];
  const open = () => {
    const line = new Line(port);
    lines.push(line);
    return line;
  };
  before(async () => {
    site = await Site.start({ fronts: 2 });
    slug = await createPoll(site);
    port = site.fronts[0]?.port ?? 0;
  });
  after(async () => {
    for (const { socket } of lines) socket.destroy();
    await site?.stop();
  });

  it("votes on a connection that stays open are answered one after the other", async () => {
    const line = open();
    for (let votes = 1; votes <= 3; votes++) {
      line.socket.write(voteText(slug));
      assert.deepEqual(await line.statuses(votes), new Array(votes).fill(202));
    }
    for (const { headers } of line.answers) {
      assert.match(headers, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n/);
      assert.match(headers, /\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/);
    }
  });

  it("votes on a connection are answered in their order when several come at once, and with a page behind them", async () => {
    const line = open();
    line.socket.write(voteText(slug) + voteText(slug) + page(slug) + voteText(slug));
    assert.deepEqual(await line.statuses(4), [202, 202, 200, 202]);
    const second = open();
    second.socket.write(voteText(slug));
    second.socket.write(page(slug));
    second.socket.write(voteText(slug));
    assert.deepEqual(await second.statuses(3), [202, 200, 202]);
  });

  it("votes on a connection are taken however they are cut into pieces", async () => {
    const text = voteText(slug);
    const cuts = [1, 20, text.indexOf("\r\n"), text.indexOf("\r\n\r\n") + 4, text.length - 1];
    const sent = cuts.map(async cut => {
      const line = open();
      const again = voteText(slug);
      line.socket.write(again.slice(0, cut));
      await sleep(30);
      line.socket.write(again.slice(cut));
      assert.deepEqual(await line.statuses(1), [202], `cut at ${cut}`);
      line.socket.write(voteText(slug));
      assert.deepEqual(await line.statuses(2), [202, 202], `after a cut at ${cut}`);
    });
    await Promise.all(sent);
  });

  it("votes on a connection whose client has sent its last byte are answered, and the connection ends", async () => {
    const line = open();
    line.socket.end(voteText(slug));
    assert.deepEqual(await line.statuses(1), [202]);
    await waitUntil("the end", () => line.ended);
  });

  it("votes on a connection that lasts after a refusal", async () => {
    const line = open();
    line.socket.write(voteText(slug, "", '{"choices":["7"]}'));
    line.socket.write(voteText(slug, "", '{"choices":["\u00e9"]}'));
    line.socket.write(voteText(slug));
    assert.deepEqual(await line.statuses(3), [400, 400, 202]);
  });

  it("votes on a connection keep their cookie's voter", async () => {
    const line = open();
    line.socket.write(voteText(slug));
    await line.statuses(1);
    const cookie = /\r\nSet-Cookie: ([^;]+)/.exec(line.answers[0]?.headers ?? "")?.[1] ?? "";
    line.socket.write(voteText(slug, `Cookie: other=1; ${cookie}\r\n`));
    assert.deepEqual(await line.statuses(2), [202, 409]);
    line.socket.write(voteText(await createPoll(site), `Cookie: ${cookie}\r\n`));
    assert.deepEqual(await line.statuses(3), [202, 409, 202]);
    assert.doesNotMatch(line.answers[2]?.headers ?? "", /Set-Cookie/);
  });

  it("a connection on which nothing is sent is closed after ten seconds", async () => {
    const line = open();
    await once(line.socket, "connect");
    await waitUntil("the end", () => line.ended || line.socket.destroyed, { withinMs: 20_000 });
    assert.deepEqual(line.answers, []);
  });

  it("a vote that is under way when its front is stopped is answered, and ends its connection", async () => {
    const front = site.fronts[1];
    const memcached = site.memcached[0];
    assert.ok(front && memcached);
    const [voting, idle] = [new Line(front.port), new Line(front.port)];
    lines.push(voting, idle);
    for (const line of [voting, idle]) {
      line.socket.write(voteText(slug));
      await line.statuses(1);
    }
    await memcached.child.pause();
    try {
      voting.socket.write(voteText(slug));
      await sleep(50);
      front.child.signal("SIGTERM");
      await waitUntil("the idle connection's end", () => idle.ended);
    } finally {
      memcached.child.signal("SIGCONT");
    }
    const [, status] = await voting.statuses(2);
    assert.ok(status === 202 || status === 503, String(status));
    assert.match(voting.answers[1]?.headers ?? "", /\r\nConnection: close/);
    await waitUntil("the end", () => voting.ended);
    assert.equal(await front.child.exit(), 0);
  });

  it("votes on connections that are kept open are all in the books", async () => {
    const ledger = new Ledger(site, await createPoll(site), 500, site.fronts[0]);
    await ledger.run(20, async () => {});
    await ledger.assertBooks();
  });
});
