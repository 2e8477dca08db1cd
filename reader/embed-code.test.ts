import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OptionNumber, Slug } from "#lib/model/ids.ts";
import { embedCode, oembedOf } from "./embed-code.ts";
import { embedHeight, embedHeightCss } from "./embed-height.ts";

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

  it("embedCode shows the poll in a frame without the script, and styles need no style sheet", () => {
    const code = embedCode(site.publicUrl, poll);
    assert.match(code, /<iframe src="https:\/\/polls\.example\/embed\/fish" title="Which fish\?"/);
    assert.match(code, /style="display:block;width:100%;container-type:inline-size"><iframe/);
    assert.match(code, /height:calc\(\d+px/);
    assert.match(code, /height="\d+"/);
  });

  it("embedCode is short enough to be pasted", () => {
    const options = Array.from({ length: 12 }, (_, i) => `A long label of option ${i} `.repeat(3));
    assert.ok(embedCode(site.publicUrl, pollOf(options)).length < 1_200);
  });
});

/** What a browser computes for the length. */
function pixelsAt(css: string, width: number): number {
  const script = css
    .replaceAll("calc", "")
    .replaceAll(/clamp\(([^,]+),([^,]+),([^)]+)\)/g, "Math.min($3,Math.max($1,$2))")
    .replaceAll(/([\d.]+)cqw/g, (_, parts) => String((Number(parts) * width) / 100))
    .replaceAll("px", "");
  return Number(new Function(`return ${script}`)());
}

describe("embedHeight", () => {
  it("embedHeight grows with each option, a longer label and a narrower column", () => {
    const height = embedHeight(poll, 640);
    assert.ok(embedHeight(pollOf(["Cod", "Eel", "Pike"]), 640) > height);
    assert.ok(embedHeight(pollOf(["Cod", "Eel ".repeat(50)]), 640) > height);
    const long = pollOf(["Cod", "Eel ".repeat(10)]);
    assert.ok(embedHeight(long, 300) > embedHeight(long, 640));
  });

  it("embedHeight lays options with images out in pairs", () => {
    const image = { url: "/a.jpg", alt: "" };
    const tiled = (count: number) => ({
      ...poll,
      options: Array.from({ length: count }, (_, index) => ({
        number: (index + 1) as OptionNumber,
        label: "Cod",
        image,
      })),
    });
    assert.ok(embedHeight(tiled(5), 640) > embedHeight(tiled(4), 640));
  });

  it("the height in the embed code is never below what the column needs, and seldom far above", () => {
    const labels = ["Yes, all year round", "Yes, but only from May to September", "No", "Never"];
    for (const kind of ["choice", "ranked", "rating"] as const) {
      for (const mayChange of [false, true]) {
        const shown = {
          ...pollOf(labels, "Should the old harbour be closed to cars?"),
          kind,
          mayChange,
        };
        const css = embedHeightCss(shown);
        for (let width = 260; width <= 760; width += 7) {
          const over = pixelsAt(css, width) - embedHeight(shown, width);
          assert.ok(over >= -1 && over < 90, `${kind} at ${width} px: ${over}`);
        }
      }
    }
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
    assert.equal(sizeOf(200).width, 200);
    assert.equal(sizeOf(10).width, 10);
    assert.equal(sizeOf(2_000).width, 640);
  });

  it("oembedOf has the height of a phone, where text takes the most lines", () => {
    assert.ok(sizeOf().height >= embedHeight(poll, 340));
  });

  it("oembedOf is never higher than the consumer's maximum, and neither is its frame", () => {
    assert.equal(sizeOf(640, 100).height, 100);
    assert.ok(oembedOf(site, poll, { maxheight: 100 }).html.includes("max-height:100px"));
    assert.equal(sizeOf(640, 9_999).height, sizeOf().height);
  });

  it("oembedOf has the frame's code in the same size", () => {
    const { html, width, height } = oembedOf(site, poll, { maxwidth: 400, maxheight: 300 });
    assert.ok(html.includes(`width="${width}" height="${height}"`));
    assert.ok(html.includes('src="https://polls.example/embed/fish"'));
  });
});
