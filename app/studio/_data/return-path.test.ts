import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { returnPath, signInPath } from "./return-path.ts";

describe("returnPath", () => {
  it("returnPath leads back to pages of the studio, with their query", () => {
    for (const path of ["/studio", "/studio/new", "/studio/polls/harbour-cars?page=2"]) {
      assert.equal(returnPath(path), path);
    }
  });

  it("returnPath leads to the desk instead of to another site, however its address is written", () => {
    const elsewhere = [
      "https://evil.example/studio",
      "//evil.example/studio",
      "/\\evil.example/studio",
      "\\\\evil.example",
      "/studio/../../p/x",
      "/studio/..//evil.example",
      "/studio/%2e%2e/p/x",
      "/studio\n/x",
      "/studious",
      "/p/harbour-cars",
      "javascript:alert(1)",
      "studio/new",
      "/studio/sign-in?next=/studio/new",
      "",
      null,
      undefined,
    ];
    for (const path of elsewhere) assert.equal(returnPath(path), "/studio", String(path));
  });

  it("returnPath gives no address that begins with two slashes", () => {
    for (const path of ["/studio/..//evil.example", "/.//studio/x", "//studio/new"]) {
      assert.doesNotMatch(returnPath(path), /^\/\//);
    }
  });
});

describe("signInPath", () => {
  it("signInPath names the page to return to, unless that is the desk", () => {
    assert.equal(
      signInPath("/studio/polls/a?b=c"),
      "/studio/sign-in?next=%2Fstudio%2Fpolls%2Fa%3Fb%3Dc",
    );
    assert.equal(signInPath("/studio"), "/studio/sign-in");
    assert.equal(signInPath("https://evil.example/"), "/studio/sign-in");
  });
});
