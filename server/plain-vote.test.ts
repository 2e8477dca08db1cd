import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import fc from "fast-check";
import { plainVote } from "./plain-vote.ts";

/** What Node's parser makes of a chunk: its requests, and whether it refused something. */
interface Parsed {
  readonly requests: readonly { readonly request: IncomingMessage; readonly body: string }[];
  readonly refused: boolean;
}

async function parsedByNode(chunk: Buffer): Promise<Parsed> {
  const requests: { request: IncomingMessage; body: string }[] = [];
  let refused = false;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", piece => pieces.push(piece));
    request.on("end", () => {
      requests.push({ request, body: Buffer.concat(pieces).toString("latin1") });
      response.end();
    });
  });
  server.on("clientError", () => {
    refused = true;
  });
  const noted = () => {
    refused = true;
  };
  for (const event of ["upgrade", "connect", "checkContinue", "checkExpectation"]) {
    server.on(event, noted);
  }
  const socket = new Duplex({ read: () => {}, write: (_piece, _encoding, done) => done() });
  server.emit("connection", socket);
  socket.push(chunk);
  for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve));
  socket.destroy();
  return { requests, refused };
}

const slug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/);
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,18}$/);
const value = fc.stringMatching(/^(?:[\x21-\x7e](?:[\x20-\x7e]{0,30}[\x21-\x7e])?)?$/);
const ofBrowsers = fc.constantFrom(
  "Cookie: fg_voter=v1.a.b",
  "Origin: http://polls.example",
  "Sec-Fetch-Site: same-origin",
  "Accept-Encoding: gzip, deflate, br",
  "X-Forwarded-For: 192.0.2.1",
  "Floodgate-Voter: ",
  "Connection: keep-alive",
  "Keep-Alive: timeout=5",
  "TE: trailers",
);
/** What must not be recognised, and what might be by mistake. */
const odd = fc.constantFrom(
  "Transfer-Encoding: chunked",
  "Content-Length: 3",
  "content-length: 0",
  "Content-Length: +2",
  "Content-Encoding: gzip",
  "Expect: 100-continue",
  "Upgrade: h2c",
  "Connection: close",
  "Connection: keep-alive, upgrade",
  "Proxy-Connection: close",
  "Host: b.example",
  "Host : a.example",
  " folded: line",
  "no colon",
  "Name:value",
  "Name:  two blanks",
  "Name: trailing ",
  "N\u00e4me: x",
  "Name: \u0000",
  "Name: a\rb",
  "Name: a\nContent-Length: 1",
  "",
);

const body = fc.oneof(
  fc.constant('{"choices":["1"]}'),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
);

interface Parts {
  readonly slug: string;
  readonly lines: readonly string[];
  readonly body: string;
}

function requestOf({ slug: name, lines, body: text }: Parts): Buffer {
  const bytes = Buffer.from(text);
  const head = [
    `POST /api/polls/${name}/votes HTTP/1.1`,
    "Host: polls.example",
    "Content-Type: application/json",
    `Content-Length: ${bytes.length}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}

const others = fc
  .tuple(token, value)
  .map(([name, text]) => `X-${name}: ${text}`)
  .filter(line => !line.toLowerCase().startsWith("x-forwarded-for:"));

const nameOf = (line: string) => line.split(":")[0]?.toLowerCase();

const plainParts: fc.Arbitrary<Parts> = fc.record({
  slug,
  lines: fc.uniqueArray(fc.oneof(ofBrowsers, others), { maxLength: 12, selector: nameOf }),
  body: body.filter(text => text.length > 0),
});

const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** A request that is plain, or nearly: with a line that does not belong, or with bytes changed, cut or added. */
const nearlyPlain = fc
  .record({
    parts: plainParts,
    line: seldom(odd),
    cut: seldom(fc.nat(400)),
    added: seldom(fc.uint8Array({ minLength: 1, maxLength: 10 })),
    changed: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 2 }),
  })
  .map(({ parts, line, cut, added = new Uint8Array(), changed }) => {
    const lines = line === undefined ? parts.lines : [...parts.lines, line];
    const bytes = requestOf({ ...parts, lines });
    for (const [at, byte] of changed) if (at < bytes.length) bytes[at] = byte;
    return Buffer.concat([bytes.subarray(0, cut), added]);
  });

const textOf = (chunk: Buffer) => chunk.toString("latin1");

async function assertSameAsNode(chunk: Buffer): Promise<void> {
  const text = textOf(chunk);
  const vote = plainVote(text);
  assert.ok(vote);
  const { requests, refused } = await parsedByNode(chunk);
  assert.deepEqual([requests.length, refused], [1, false], text);
  const [{ request, body: parsedBody }] = requests as [Parsed["requests"][number]];
  assert.deepEqual(
    [request.method, request.url, request.httpVersion, parsedBody],
    ["POST", `/api/polls/${vote.slug}/votes`, "1.1", text.slice(vote.bodyAt)],
  );
  for (const [name, given] of Object.entries(request.headers)) {
    if (vote.has(name)) assert.equal(vote.get(name), given, name);
  }
  const names = ["host", "cookie", "origin", "sec-fetch-site", "floodgate-voter", "forwarded"];
  for (const name of names) assert.equal(vote.get(name), request.headers[name] ?? null, name);
}

describe("plainVote", () => {
  it("plainVote recognises every plain vote, and reads it as Node's parser does", async () => {
    await fc.assert(
      fc.asyncProperty(plainParts, parts => assertSameAsNode(requestOf(parts))),
      { numRuns: 300 },
    );
  });

  it("plainVote recognises nothing that Node's parser reads in another way", async () => {
    let recognised = 0;
    await fc.assert(
      fc.asyncProperty(nearlyPlain, async chunk => {
        if (!plainVote(textOf(chunk))) return;
        recognised += 1;
        await assertSameAsNode(chunk);
      }),
      { numRuns: 5_000 },
    );
    assert.ok(recognised > 500, `${recognised} of 5000 were recognised`);
  });

  const parts = { slug: "fish", lines: [], body: '{"choices":["1"]}' };
  const plain = textOf(requestOf(parts));
  const withLine = (line: string) => textOf(requestOf({ ...parts, lines: [line] }));
  const foreign: Readonly<Record<string, string>> = {
    "another method": plain.replace("POST", "PUT"),
    "another path": plain.replace("/votes", "/results"),
    "a query": plain.replace("/votes", "/votes?from=embed"),
    "a slug in upper case": plain.replace("fish", "Fish"),
    "HTTP/1.0": plain.replace("HTTP/1.1", "HTTP/1.0"),
    "an address with its origin": plain.replace(" /api", " http://polls.example/api"),
    "no Host": plain.replace(/Host: .*\r\n/, ""),
    "a Host that is none": plain.replace("polls.example", "polls.example/x"),
    "a form": plain.replace("application/json", "application/x-www-form-urlencoded"),
    "a type with a parameter": plain.replace("json", "json; charset=utf-8"),
    "no length": plain.replace(/Content-Length: .*\r\n/, ""),
    "a length of nothing": plain.replace("Content-Length: 17", "Content-Length: 0"),
    "a length with a zero before it": plain.replace("Content-Length: 17", "Content-Length: 017"),
    "half of it": plain.slice(0, -1),
    "a second request behind it": plain + plain,
    "a large head": withLine(`X-Long: ${"x".repeat(9_000)}`),
    "an announced upgrade": withLine("Upgrade: websocket"),
    "an expectation": withLine("Expect: 100-continue"),
    "a compressed body": withLine("Content-Encoding: gzip"),
    "a chunked body": withLine("Transfer-Encoding: chunked"),
    "a client that closes": withLine("Connection: close"),
    "two cookies": textOf(requestOf({ ...parts, lines: ["Cookie: a=1", "cookie: b=2"] })),
    "a state of Next's script": withLine("Next-Router-State-Tree: x"),
  };
  for (const [what, text] of Object.entries(foreign)) {
    it(`plainVote leaves to Node: ${what}`, () => {
      assert.ok(plainVote(plain));
      assert.equal(plainVote(text), undefined);
    });
  }
});
