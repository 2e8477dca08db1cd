import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addresses, list, origin, originPatterns, timeZone, wholeNumber } from "./setting-types.ts";

const accepts = (schema: { safeParse(text: string): { success: boolean } }, ...texts: string[]) =>
  texts.filter(text => schema.safeParse(text).success);

describe("wholeNumber", () => {
  it("wholeNumber takes decimal digits within its bounds, both included", () => {
    const texts = ["1", "10", "0", "11", "-1", "1.5", "1e1", "0x1", "", " 1", "1 "];
    assert.deepEqual(accepts(wholeNumber(1, 10), ...texts), ["1", "10"]);
  });

  it("wholeNumber gives a number", () => {
    assert.equal(wholeNumber(0, 100).parse("007"), 7);
  });
});

describe("list", () => {
  it("list gives trimmed parts, without empty ones", () => {
    assert.deepEqual(list.parse(" a, b ,,c "), ["a", "b", "c"]);
    assert.deepEqual(list.parse(""), []);
  });
});

describe("addresses", () => {
  it("addresses gives hosts and ports", () => {
    assert.deepEqual(addresses.parse("127.0.0.1:11211, memcached-2:11212"), [
      { host: "127.0.0.1", port: 11211 },
      { host: "memcached-2", port: 11212 },
    ]);
  });

  it("addresses refuses a missing port, a missing host, an address in a URL and an empty list", () => {
    const texts = ["m", "m:", ":1", "m:123456", "tcp://m:1", "m:1,", "", "m:1 m:2"];
    assert.deepEqual(accepts(addresses, ...texts), []);
  });

  it("addresses takes up to 16 servers", () => {
    const servers = (count: number) =>
      Array.from({ length: count }, (_, i) => `m:${i + 1}`).join(",");
    assert.deepEqual(accepts(addresses, servers(16), servers(17)), [servers(16)]);
  });
});

describe("origin", () => {
  it("origin takes http and https origins, also with a slash at the end", () => {
    const good = ["https://polls.example", "https://polls.example/", "http://localhost:3000"];
    assert.deepEqual(accepts(origin, ...good), good);
  });

  it("origin refuses a path, a query, credentials and other schemes", () => {
    const bad = [
      "https://polls.example/polls",
      "https://polls.example/?a",
      "https://a:b@polls.example",
      "ftp://polls.example",
      "polls.example",
    ];
    assert.deepEqual(accepts(origin, ...bad), []);
  });
});

describe("originPatterns", () => {
  it("originPatterns takes origins with a wildcard as the first label only", () => {
    const good = ["https://news.example", "https://*.news.example", "http://a.example:8080"];
    assert.deepEqual(originPatterns.parse(good.join(",")), good);
    const bad = ["*", "https://*", "https://news.*.example", "news.example", "https://a.example/x"];
    assert.deepEqual(accepts(originPatterns, ...bad), []);
  });

  it("originPatterns refuses text that would add a directive to the Content-Security-Policy", () => {
    assert.deepEqual(accepts(originPatterns, "https://a.example; script-src *"), []);
  });
});

describe("timeZone", () => {
  it("timeZone takes IANA names only", () => {
    assert.deepEqual(accepts(timeZone, "Europe/Stockholm", "UTC", "Mars/Base", ""), [
      "Europe/Stockholm",
      "UTC",
    ]);
  });
});
