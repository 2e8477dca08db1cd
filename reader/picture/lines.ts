/** Line breaking, for a canvas that has none of its own. Pure. */

/** Width of a text, in pixels. */
export type Measure = (text: string) => number;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const ellipsis = "…";

/** `text`, cut to `widthMax` with an ellipsis if it is too wide. */
export function fitText(text: string, widthMax: number, measure: Measure): string {
  if (measure(text) <= widthMax) return text;
  let start = "";
  for (const { segment } of graphemes.segment(text)) {
    if (measure(start + segment + ellipsis) > widthMax) break;
    start += segment;
  }
  return start.trimEnd() + ellipsis;
}

/**
 * Wraps `text` into lines of about equal length, none wider than `widthMax`. Lines break between words. A word
 * wider than a line, or a script without spaces, breaks between graphemes.
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
