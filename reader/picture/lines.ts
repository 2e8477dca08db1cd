/** Text that fits: where its lines end, on a canvas that breaks none itself. Pure. */

/** Width of a text, in pixels. */
export type Measure = (text: string) => number;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const ellipsis = "…";

/** `text`, or as much of its beginning as fits with an ellipsis behind it. */
export function fitText(text: string, widthMax: number, measure: Measure): string {
  if (measure(text) <= widthMax) return text;
  let kept = "";
  for (const { segment } of graphemes.segment(text)) {
    if (measure(kept + segment + ellipsis) > widthMax) break;
    kept += segment;
  }
  return kept.trimEnd() + ellipsis;
}

/**
 * The lines of `text`, none wider than `widthMax` and all about equally long. Lines end between words; a
 * word that is wider than a line, or a script that has no spaces, is broken between letters.
 */
export function wrapText(text: string, widthMax: number, measure: Measure): string[] {
  const lines = wrapGreedily(text, widthMax, measure);
  let [low, high] = [widthMax / 2, widthMax];
  while (high - low > 8) {
    const middle = (low + high) / 2;
    if (wrapGreedily(text, middle, measure).length > lines.length) low = middle;
    else high = middle;
  }
  return wrapGreedily(text, high, measure);
}

function wrapGreedily(text: string, widthMax: number, measure: Measure): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (measure(longer) <= widthMax) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const { segment } of graphemes.segment(word)) {
      if (line !== "" && measure(line + segment) > widthMax) {
        lines.push(line);
        line = "";
      }
      line += segment;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
