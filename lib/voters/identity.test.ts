import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId, PollId } from "../model/ids.ts";
import {
  cookieName,
  defaultBallotId,
  identityCookie,
  identityToken,
  mintIdentity,
  readIdentity,
  readToken,
  signedFor,
  voterKey,
} from "./identity.ts";
import { deriveVoterSecrets, KnownSecrets } from "./voter-secrets.ts";

const secret = "a secret of more than thirty-two characters";
const newSecret = "another secret, of somebody else's, long too";
const secrets = deriveVoterSecrets(secret);
const others = deriveVoterSecrets(newSecret);
const known = new KnownSecrets({ secret, previousSecrets: [] });
const url = "https://polls.example";
const ballotId = "3f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId;

const cookieOf = (id: Buffer, by = secrets) => identityCookie(by, url, id).split(";")[0] ?? "";

describe("voter token", () => {
  it("voter token reads back its identity and refuses forged tokens", () => {
    const { id } = mintIdentity(secrets, undefined);
    const token = identityToken(secrets, id);
    assert.ok(readToken(known, token)?.id.equals(id));
    const bad = [null, "", "t1", `${token}.x`, token.slice(0, -2), identityToken(others, id)];
    for (const value of bad) assert.equal(readToken(known, value), undefined, String(value));
  });

  it("voter token is not accepted as a cookie, nor a cookie as a token", () => {
    const { id } = mintIdentity(secrets, undefined);
    const name = cookieName(url);
    const cookie = cookieOf(id).slice(name.length + 1);
    const token = identityToken(secrets, id);
    assert.equal(readToken(known, cookie), undefined);
    assert.equal(readToken(known, cookie.replace("v1", "t1")), undefined);
    assert.equal(readIdentity(known, url, `${name}=${token}`), undefined);
    assert.equal(readIdentity(known, url, `${name}=${token.replace("t1", "v1")}`), undefined);
  });
});

describe("voter cookie", () => {
  it("voter cookie reads back its identity among other cookies", () => {
    const { id } = mintIdentity(secrets, undefined);
    const read = readIdentity(known, url, `theme=dark; ${cookieOf(id)}; x=1`);
    assert.ok(read?.signedBy && read.id.equals(id));
  });

  it("voter cookie and token of a previous secret read back their identity, and name that secret", () => {
    const rotating = new KnownSecrets({ secret: newSecret, previousSecrets: [secret] });
    const { id } = mintIdentity(secrets, undefined);
    for (const read of [
      readIdentity(rotating, url, cookieOf(id)),
      readToken(rotating, identityToken(secrets, id)),
    ]) {
      assert.ok(read?.id.equals(id));
      assert.equal(read?.signedBy?.digest, secrets.digest);
    }
    assert.equal(readIdentity(known, url, cookieOf(id, others)), undefined);
  });

  it("voter cookie is signed by the poll's secret when it is new, or was signed by an older one", () => {
    const rotating = new KnownSecrets({ secret: newSecret, previousSecrets: [secret] });
    const [newest, oldest] = rotating.all;
    assert.ok(newest && oldest);
    const signer = (signedBy: typeof newest | undefined, ofPoll: typeof newest) =>
      signedFor({ ...mintIdentity(ofPoll, undefined), signedBy }, ofPoll, rotating).signWith;
    assert.equal(signer(undefined, oldest), oldest);
    assert.equal(signer(undefined, newest), newest);
    assert.equal(signer(oldest, newest), newest);
    assert.equal(signer(newest, oldest), undefined);
    assert.equal(signer(oldest, oldest), undefined);
  });

  it("voter cookie is refused when it is forged, altered or cut", () => {
    const { id } = mintIdentity(secrets, undefined);
    const good = cookieOf(id);
    const name = cookieName(url);
    const bad = [
      cookieOf(id, others),
      good.slice(0, -10) + (good.at(-10) === "A" ? "B" : "A") + good.slice(-9),
      good.slice(0, -5),
      `${good}.more`,
      `${name}=v2.${good.split(".").slice(1).join(".")}`,
      `${name}=`,
      `${name}=v1..`,
      `${name}=v1.AAAAAAAAAAAAAAAAAAAAAA.`,
      "",
    ];
    for (const cookie of bad) assert.equal(readIdentity(known, url, cookie), undefined, cookie);
  });

  it("voter cookie is HttpOnly, and over https also Secure and Partitioned for embeds", () => {
    const { id } = mintIdentity(secrets, undefined);
    const secure = identityCookie(secrets, url, id);
    for (const part of [
      "__Host-",
      "HttpOnly",
      "Secure",
      "SameSite=None",
      "Partitioned",
      "Path=/",
    ]) {
      assert.ok(secure.includes(part), part);
    }
    assert.ok(!identityCookie(secrets, "http://localhost:3000", id).includes("Secure"));
  });
});

describe("mintIdentity", () => {
  it("mintIdentity gives a retry with the same ballot id and no cookie the same identity", () => {
    const [a, b] = [mintIdentity(secrets, ballotId), mintIdentity(secrets, ballotId)];
    assert.ok(a.id.equals(b.id));
    assert.equal(a.signedBy, undefined);
  });

  it("mintIdentity gives another identity for another ballot id, another secret, or no ballot id", () => {
    const other = mintIdentity(secrets, "3f0b6a529c1e4c558a8e0d6f3c1f2b7b" as BallotId);
    assert.ok(!other.id.equals(mintIdentity(secrets, ballotId).id));
    const random = [mintIdentity(secrets, undefined), mintIdentity(secrets, undefined)];
    assert.ok(!random[0]?.id.equals(random[1]?.id ?? Buffer.alloc(16)));
    assert.ok(!mintIdentity(others, ballotId).id.equals(mintIdentity(secrets, ballotId).id));
  });
});

describe("voter key", () => {
  it("voter key differs from poll to poll, so that there is no profile", () => {
    const identity = mintIdentity(secrets, undefined);
    const [a, b] = [1, 2].map(poll => voterKey(secrets, poll as PollId, identity));
    assert.notEqual(a, b);
    assert.match(a ?? "", /^[0-9a-f]{32}$/);
  });
});

describe("identities, voter keys and default ballot ids", () => {
  it("identities, voter keys and default ballot ids do not change between releases, so that a retry is the same voter with the same ballot", () => {
    const identity = mintIdentity(secrets, ballotId);
    assert.equal(identity.id.toString("hex"), "209f7d60a6365fd52ecfcb5178076f8b");
    const voter = voterKey(secrets, 7 as PollId, identity);
    assert.equal(voter, "1976b78b8a361fab1dc1b1a8278bd13b");
    const choices = Uint8Array.of(1, 2);
    const [first, change] = [0, 2].map(revision =>
      defaultBallotId(secrets, voter, choices, revision),
    );
    assert.equal(first, "0048c881ba0f8b598a940ddcc13b8002");
    assert.equal(change, "496db34c3aaf8fc483d0713ca09c1722");
  });
});

describe("default ballot id", () => {
  it("default ballot id is a UUID, the same for the same voter and choices only", () => {
    const voter = voterKey(secrets, 1 as PollId, mintIdentity(secrets, ballotId));
    const id = defaultBallotId(secrets, voter, Uint8Array.of(1), 0);
    assert.match(id, /^[0-9a-f]{12}8[0-9a-f]{3}8[0-9a-f]{15}$/);
    assert.equal(id, defaultBallotId(secrets, voter, Uint8Array.of(1), 0));
    assert.notEqual(id, defaultBallotId(secrets, voter, Uint8Array.of(2), 0));
    assert.notEqual(id, defaultBallotId(secrets, voter, Uint8Array.of(1), 2), "chosen again later");
  });
});
