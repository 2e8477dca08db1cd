import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { resignedCookies } from "./signed-cookies.ts";

const name = "fg.session_token";
const [before, now, foreign] = ["the key before", "the key now", "a foreign key"];
const value = "a session+token/";

function cookieOf(key: string, prefix = ""): string {
  const signature = createHmac("sha256", key).update(value).digest("base64");
  return `${prefix}${name}=${encodeURIComponent(`${value}.${signature}`)}`;
}

describe("cookies of the sign-in library", () => {
  it("cookies of the sign-in library are signed anew for the key in use, as the library would sign them", () => {
    for (const prefix of ["", "__Secure-"]) {
      const header = `theme=dark; ${cookieOf(before, prefix)}; x=1`;
      const expected = `theme=dark; ${cookieOf(now, prefix)}; x=1`;
      assert.equal(resignedCookies(header, now, [now, before]), expected);
      assert.equal(resignedCookies(expected, now, [now, before]), expected);
    }
  });

  it("cookies that no known key signed stay as they are", () => {
    for (const cookie of [
      cookieOf(foreign),
      `${name}=`,
      `${name}=no-signature`,
      `${name}=%E0%A4%A.x`,
      `${name}`,
      `other=${cookieOf(before).slice(name.length + 1)}`,
    ]) {
      assert.equal(resignedCookies(cookie, now, [now, before]), cookie);
    }
  });
});
