import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OptionNumber, Slug } from "#lib/model/ids.ts";
import { embedCode, oembedOf, reservedHeight } from "./embed-code.ts";

const site = { publicUrl: "https://polls.example", siteName: "The Gazette" };

function pollOf(labels: readonly string[], question = "Which fish?") {
  const options = labels.map((label, index) => ({ number: (index + 1) as OptionNumber, label }));
  return { slug: "fish" as Slug, question, description: "", kind: "choice" as const, options };
}

const poll = pollOf(["Cod", "Eel"]);

describe("embedCode", () => {
  it("embedCode escapes a question with quotation marks and tags", () => {
    const code = embedCode(site.publicUrl, pollOf(["a", "b"], `"><script>alert(1)</script>&`));
    assert.ok(code.includes('title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"'));
    assert.equal(code.match(/<script/g)?.length, 1);
  });

  it("embedCode links the poll's page for readers without scripts", () => {
    assert.ok(embedCode(site.publicUrl, poll).includes('<a href="https://polls.example/p/fish">'));
  });
});

describe("reservedHeight", () => {
  it("reservedHeight grows with each option, a longer label and a narrower column", () => {
    const height = reservedHeight(poll);
    assert.ok(reservedHeight(pollOf(["Cod", "Eel", "Pike"])) > height);
    assert.ok(reservedHeight(pollOf(["Cod", "Eel ".repeat(50)])) > height);
    assert.ok(reservedHeight(pollOf(["Cod", "Eel ".repeat(10)]), 300) > reservedHeight(poll, 300));
  });

  it("reservedHeight lays options with images out in pairs", () => {
    const image = { url: "/a.jpg", alt: "" };
    const tiled = (count: number) => ({
      ...poll,
      options: Array.from({ length: count }, (_, index) => ({
        number: (index + 1) as OptionNumber,
        label: "Cod",
        image,
      })),
    });
    assert.equal(reservedHeight(tiled(3)), reservedHeight(tiled(4)));
    assert.ok(reservedHeight(tiled(5)) > reservedHeight(tiled(4)));
  });
});

describe("oembedOf", () => {
  const sizeOf = (maxwidth?: number, maxheight?: number) => {
    const { width, height } = oembedOf(site, poll, { maxwidth, maxheight });
    return { width, height };
  };

  it("oembedOf has the usual column's width, or the consumer's maximum if that is smaller", () => {
    assert.equal(sizeOf().width, 640);
    assert.equal(sizeOf(400).width, 400);
    assert.equal(sizeOf(2_000).width, 640);
  });

  it("oembedOf is never narrower than a poll can be", () => {
    assert.equal(sizeOf(10).width, 280);
  });

  it("oembedOf is never higher than the consumer's maximum", () => {
    assert.equal(sizeOf(640, 100).height, 100);
    assert.equal(sizeOf(640, 9_999).height, reservedHeight(poll, 640));
  });

  it("oembedOf has the frame's code in the same size", () => {
    const { html, width, height } = oembedOf(site, poll, { maxwidth: 400, maxheight: 300 });
    assert.ok(html.includes(`width="${width}" height="${height}"`));
    assert.ok(html.includes('src="https://polls.example/embed/fish"'));
  });
});
