/**
 * The height that an article reserves for a poll, before anything of it has loaded.
 *
 * It is the height of the higher of two states, the form and the results after the vote, so that nothing below the poll
 * moves then. Readers' fonts are not known here: widths of text are estimated on the generous side. The card fills its
 * frame, so a few pixels too many are not seen.
 */
import type { Poll, PollOption } from "#lib/model/poll.ts";

export type Shown = Pick<Poll, "slug" | "question" | "description" | "kind" | "options"> &
  Partial<Pick<Poll, "mayChange" | "choicesMax">>;

/** Border and padding of the card, left and right. */
const sides = 42;
/** Below this width of the content, the closing time has a line of its own. */
const narrow = 416;
/** Below this, ranked options are laid out in two lines. */
const narrowest = 296;
/** Five grades and the field for none. */
const gradesWidth = 284;
/** Below this, tiles are below one another. */
const oneColumn = 272;
const slack = 26;

/** Widths of letters, in parts of the font's size. */
const letters: readonly (readonly [RegExp, number])[] = [
  [/[iljtfr.,:;'’|!()[\] ]/u, 0.32],
  [/[mwMW@%—…]/u, 0.9],
  [/[A-ZÄÖÜÅÆØ&]/u, 0.68],
  [/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/u, 1],
  [/\p{Extended_Pictographic}/u, 1.3],
];

function widthOf(text: string, fontSize: number): number {
  let sum = 0;
  for (const letter of text) {
    sum += letters.find(([like]) => like.test(letter))?.[1] ?? 0.57;
  }
  return sum * fontSize;
}

/** Text is never laid out narrower than this. */
const wordMin = 72;

/** How many lines a text takes: whole words, and longer ones broken. */
function lines(text: string, room: number, fontSize: number): number {
  const width = Math.max(room, wordMin);
  let count = 1;
  let used = 0;
  const space = 0.28 * fontSize;
  for (const word of text.split(/\s+/)) {
    const needed = widthOf(word, fontSize);
    const withSpace = used === 0 ? needed : used + space + needed;
    if (withSpace <= width) used = withSpace;
    else {
      if (used > 0) count += 1;
      count += Math.max(0, Math.ceil(needed / width) - 1);
      used = needed % width || width;
    }
  }
  return text.trim() === "" ? 0 : count;
}

/** Texts of the card in no particular language, by their length. */
const someText = (length: number) => "abcde ".repeat(length / 6);

/** Letters of the sentence on how to read the numbers. */
function methodLength({ kind, choicesMax = 1 }: Shown): number {
  if (kind === "ranked") return 174;
  return kind === "choice" && choicesMax > 1 ? 156 : 78;
}

/** The height of a poll's embed in a column of this width, all in pixels. */
export function embedHeight(poll: Shown, width: number): number {
  const inner = Math.max(120, width - sides);
  const both =
    44 +
    lines(poll.question, inner, 24) * 29.3 +
    4 +
    lines(poll.description, inner, 15) * 22.5 +
    34 +
    (lines(someText(methodLength(poll)), inner, 13) + lines(someText(36), inner, 13)) * 19.5 +
    10;
  return Math.ceil(both + Math.max(formHeight(poll, inner), resultsHeight(poll, inner)) + slack);
}

function formHeight(poll: Shown, inner: number): number {
  const eyebrow = inner <= narrow ? 49 : 32;
  const actions = inner < 400 ? 116 : 60;
  return (
    eyebrow + lines(someText(54), inner, 15) * 22.5 + 16 + optionsHeight(poll, inner) + actions
  );
}

function optionsHeight({ kind, options }: Shown, inner: number): number {
  if (kind === "choice" && options.some(({ image }) => image !== undefined)) {
    return tilesHeight(options, inner);
  }
  return options
    .map(({ label, image }) => {
      const thumb = image ? 76 : 0;
      if (kind === "choice") return rowHeight(lines(label, inner - 62 - thumb, 16) * 24, thumb);
      if (kind === "ranked") {
        const isWrapped = inner <= (image ? narrow : narrowest);
        const room = isWrapped ? inner - 30 - 68 - thumb : inner - 30 - 68 - 104 - thumb;
        const row = Math.max(44, lines(label, room, 16) * 24, image ? 48 : 0);
        return row + 22 + (isWrapped ? 56 : 0);
      }
      const one = widthOf(label, 16) + thumb + 16 + gradesWidth <= inner - 30;
      const grades = gradesWidth <= inner - 30 ? 44 : 92;
      const text = Math.max(lines(label, inner - 30 - thumb, 16) * 24, image ? 48 : 0);
      return one ? Math.max(66, text + 22) : text + 4 + grades + 22;
    })
    .reduce((sum, height) => sum + height - 1, 0);
}

const rowHeight = (text: number, thumb: number) => Math.max(thumb > 0 ? 70 : 68, text + 22);

/** Tiles, two in a row. */
function tilesHeight(options: readonly PollOption[], inner: number): number {
  const isOneColumn = inner <= oneColumn;
  const width = isOneColumn ? inner : (inner - 12) / 2;
  const heights = options.map(
    ({ image, label }) => (image ? width * 0.75 + 10 : 0) + lines(label, width - 26, 16) * 24 + 12,
  );
  if (isOneColumn) return heights.reduce((sum, height) => sum + height + 12, -12);
  return heights
    .filter((_, index) => index % 2 === 0)
    .reduce((sum, left, row) => sum + Math.max(left, heights[row * 2 + 1] ?? 0) + 12, -12);
}

function resultsHeight({ kind, options, mayChange }: Shown, inner: number): number {
  const hasImages = options.some(({ image }) => image !== undefined);
  const room = inner - 78 - (hasImages ? 76 : 0);
  const detail = kind === "rating" ? 60 : kind === "ranked" ? 36 : 12;
  const rows = options.map(({ label }) => {
    // Heavier than in the form.
    const text = lines(label, room, 16.8) * 24;
    return text + 30 + lines(someText(detail), inner - (hasImages ? 76 : 0), 13) * 19.5;
  });
  const labels = options.map(({ label }) => `1. ${label}`).join(", ");
  const own = kind === "choice" ? 0 : lines(`${someText(12)} ${labels}`, inner, 15) * 22.5;
  const longest = options.reduce((most, { label }) => Math.max(most, label.length), 0);
  const sentence =
    kind === "choice" ? 14 + lines(someText(66 + longest), inner, 13) * 19.5 + 24 : 0;
  const rounds = kind === "ranked" ? 40 : 0;
  const change = mayChange ? (inner < 310 ? 116 : 60) : 0;
  const receipt = 24;
  const message = 55;
  const pause = 40;
  /** The label "your vote" may need a line of its own. */
  const mine = options.some(
    ({ label }) => lines(`${label} ${someText(12)}`, room, 16) > lines(label, room, 16),
  );
  const list = 16 + (mine ? 24 : 0) + rows.reduce((sum, height) => sum + height, 0);
  return 32 + own + list + rounds + change + pause + sentence + message + receipt;
}

const widthMin = 260;
const widthMax = 760;
const stepsMax = 9;

/**
 * The same as a CSS length for any width of the column, in parts of the container's width: a base, what grows with the
 * width (tiles), and a step at each width below which text needs more lines.
 */
export function embedHeightCss(poll: Shown): string {
  const tiled = poll.kind === "choice" && poll.options.some(({ image }) => image !== undefined);
  const growth = tiled ? Math.ceil(poll.options.length / 2) * 0.375 : 0;
  const base: Step[] = [];
  let height = 0;
  for (let width = widthMax; width >= widthMin; width -= 4) {
    const needed = Math.ceil(embedHeight(poll, width) - growth * width);
    if (needed <= height) continue;
    base.push({ below: width + 4, by: needed - height });
    height = needed;
  }
  const [first, ...rest] = base;
  const steps = merged(rest).map(
    ({ below, by }) => ` + clamp(0px,(${below}px - 100cqw)*999,${by}px)`,
  );
  const grown = growth > 0 ? ` + ${growth * 100}cqw` : "";
  return `calc(${first?.by ?? 0}px${grown}${steps.join("")})`;
}

/** Below a width, so many pixels more. */
interface Step {
  readonly below: number;
  readonly by: number;
}

/** Joins neighbours, the least costly first: the space comes earlier than needed, by few pixels over a short range. */
function merged(steps: readonly Step[]): readonly Step[] {
  let rest = [...steps];
  while (rest.length > stepsMax) {
    const costs = rest.slice(1).map((step, index) => {
      const earlier = rest[index] as Step;
      return (earlier.below - step.below) * step.by;
    });
    const at = costs.indexOf(Math.min(...costs));
    const [wide, thin] = [rest[at] as Step, rest[at + 1] as Step];
    rest = rest.toSpliced(at, 2, { below: wide.below, by: wide.by + thin.by });
  }
  return rest;
}
