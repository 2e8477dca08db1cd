import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readIdentity } from "#lib/voters/identity.ts";
import { KnownSecrets } from "#lib/voters/voter-secrets.ts";
import { voteHead, votes } from "./heads.ts";
import { Requests } from "./requests.ts";

const secret = "a secret that is only good for tests, 32 bytes and more";
const publicUrl = "http://localhost:3000";
const head = voteHead("p");

describe("requests of the load", () => {
  it("every vote has another ballot id", () => {
    const requests = new Requests({ head, ...votes });
    assert.notEqual(requests.next(), requests.next());
    assert.equal(requests.sent, 2);
  });

  it("a request without a body is sent as it is", () => {
    assert.equal(new Requests({ head: "GET / HTTP/1.1\r\n\r\n" }).next(), "GET / HTTP/1.1\r\n\r\n");
  });

  it("heads are taken in turn", () => {
    const requests = new Requests({ head, heads: [voteHead("a"), voteHead("b")], ...votes });
    const paths = [1, 2, 3].map(() => requests.next().slice(0, 18));
    assert.deepEqual(new Set(paths).size, 2);
    assert.equal(paths[0], paths[2]);
  });

  it("each returning voter brings a valid cookie of its own", () => {
    const cookies = { secret, publicUrl, count: 2 };
    const requests = new Requests({ head, ...votes, cookies });
    const known = new KnownSecrets({ secret, previousSecrets: [] });
    const ids = [1, 2].map(() => {
      const cookie = /^Cookie: (.*)$/m.exec(requests.next())?.[1]?.trim() ?? "";
      return readIdentity(known, publicUrl, cookie)?.id.toString("hex");
    });
    assert.ok(ids[0] && ids[1] && ids[0] !== ids[1]);
    assert.throws(() => requests.next(), /all cookies have been used/);
  });
});
