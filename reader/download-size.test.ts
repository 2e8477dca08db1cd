/** The compressed size of what readers download. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { pollKinds } from "#lib/model/poll-rules.ts";
import { assets } from "./generated.ts";

const bytesMax = 10_000;
const sizeOf = (text: string) => gzipSync(text, { level: 9 }).length;

describe("what readers download of script", () => {
  for (const kind of pollKinds) {
    const script = sizeOf(assets.scripts[kind].text);

    it(`the page of a ${kind} poll loads at most 10 kB of script, compressed`, () => {
      assert.ok(script <= bytesMax, `${script} bytes`);
    });

    it(`an article with a ${kind} poll loads at most 10 kB of script, compressed, with embed.js`, () => {
      const both = sizeOf(assets.embedScript) + script;
      assert.ok(both <= bytesMax, `${both} bytes`);
    });
  }
});
