import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Language } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import type { Results } from "#lib/model/results.ts";
import { assets } from "../generated.ts";
import { pictureSize } from "../views/paths.ts";
import { Words } from "../words/words.ts";
import { drawPoll } from "./poll-picture.ts";

const labels = ["Yes", "No"];
const poll = {
  slug: "harbour-cars",
  question: "Should the old harbour be closed to cars?",
  closesAtMs: null,
  choicesMax: 1,
  ...defaultRules,
  options: labels.map((label, index) => ({ number: index + 1, label })),
} as unknown as Poll;

const resultsOf = (shares: readonly number[]) =>
  ({
    asOf: "2026-11-20T17:04:12.000Z",
    hidden: null,
    ballots: 100,
    options: shares.map((share, index) => ({ id: String(index + 1), votes: share, share })),
    outcome: { status: "leads", options: ["1"], by: "votes", at: "2026-11-20T17:04:12.000Z" },
  }) as unknown as Results;

const drawn = (results: Results | null, language: Language = "en") =>
  drawPoll({
    words: new Words(language, "Europe/Stockholm"),
    siteName: "The Harbour Post",
    poll,
    state: "open",
    results,
  });

/** Start and end of all long runs of a colour, over all rows of pixels. Text has no long runs. */
async function stretches(png: Uint8Array, colour: string): Promise<Set<string>> {
  const { width, height } = pictureSize;
  const context = createCanvas(width, height).getContext("2d");
  context.drawImage(await loadImage(Buffer.from(png)), 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const wanted = Number.parseInt(colour.slice(1), 16);
  const found = new Set<string>();
  for (let y = 0; y < height; y++) {
    let from = 0;
    for (let x = 0; x <= width; x++) {
      const at = (y * width + x) * 4;
      const rgb = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
      if (x < width && rgb === wanted) continue;
      if (x - from > 150) found.add(`${from}..${x}`);
      from = x + 1;
    }
  }
  return found;
}

describe("a poll's picture", () => {
  const { palette } = assets;

  it("a poll's picture has a bar for each option, as long as its share", async () => {
    const png = await drawn(resultsOf([75, 25]));
    const inner = pictureSize.width - 128;
    assert.deepEqual(await stretches(png, palette.ink), new Set([`64..${64 + inner * 0.75}`]));
    assert.deepEqual(await stretches(png, palette.bar), new Set([`64..${64 + inner * 0.25}`]));
  });

  it("a poll's picture is mirrored in a right-to-left language", async () => {
    const png = await drawn(resultsOf([75, 25]), "ar");
    const end = pictureSize.width - 64;
    assert.deepEqual(await stretches(png, palette.ink), new Set([`${end - 804}..${end}`]));
  });

  it("a poll's picture has no bars while results are hidden or can't be read", async () => {
    const hidden = { ...resultsOf([]), hidden: "after_close", ballots: null } as Results;
    for (const results of [hidden, null]) {
      const png = await drawn(results);
      for (const colour of [palette.ink, palette.bar, palette.track]) {
        assert.deepEqual(await stretches(png, colour), new Set());
      }
    }
  });
});
