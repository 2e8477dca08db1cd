/**
 * Text that people write and others read: one type for every such field.
 *
 * A text has at least one visible character, by the properties of Unicode. It may have any script, emoji, joiners and
 * direction marks. It must not affect what stands around it: directions that it begins it also ends, and marks do not
 * pile up. Pure.
 */
import { z } from "zod";

/** Has at least one character that leaves ink. U+2800 is braille without dots; the other two have no glyph either. */
const visible =
  /[^\p{White_Space}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}]/u;

const lineBreak = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;
const control = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;
const loneSurrogate = /\p{Cs}/u;
/** No script stacks as many marks on one letter. */
const piledMarks = /\p{Mn}{9}/u;

/** Embeddings and overrides end with U+202C, isolates with U+2069. */
const directionEnds: Readonly<Record<string, string>> = {
  "\u202a": "\u202c",
  "\u202b": "\u202c",
  "\u202d": "\u202c",
  "\u202e": "\u202c",
  "\u2066": "\u2069",
  "\u2067": "\u2069",
  "\u2068": "\u2069",
};

/** True when every direction that a line begins ends within it, in order. */
function isBalanced(line: string): boolean {
  const open: string[] = [];
  for (const [mark] of line.matchAll(/[\u202a-\u202e\u2066-\u2069]/g)) {
    const end = directionEnds[mark];
    if (end) open.push(end);
    else if (open.pop() !== mark) return false;
  }
  return open.length === 0;
}

interface TextLimits {
  /** In UTF-16 units, as `maxLength` of a form field counts them. */
  readonly lengthMax: number;
  readonly mayBreak?: boolean;
  readonly mayBeEmpty?: boolean;
}

/** What is wrong with a text, as the end of a sentence about its field; `undefined` when it is fine. */
function problemOf(text: string, { lengthMax, mayBreak, mayBeEmpty }: TextLimits) {
  if (text === "") return mayBeEmpty ? undefined : "must not be empty";
  if (text.length > lengthMax) return `must have at most ${lengthMax} characters`;
  if (loneSurrogate.test(text)) return "must not contain half a character (a lone surrogate)";
  if (!mayBreak && text.includes("\n")) return "must be on one line";
  if (control.test(text.replaceAll("\n", ""))) return "must not contain control characters";
  if (!visible.test(text)) return "must have at least one visible character";
  if (!text.split("\n").every(isBalanced)) {
    return "must end each text direction that it begins (U+202A to U+202E, U+2066 to U+2069)";
  }
  if (piledMarks.test(text)) return "must not have more than 8 marks on one letter";
  return undefined;
}

/** Composed (NFC) and trimmed, with `\n` for each kind of line break, a space for a tab, and one empty line at most. */
function tidied(text: string): string {
  return text
    .normalize("NFC")
    .replace(lineBreak, "\n")
    .replaceAll("\t", " ")
    .replace(/ +\n/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

const written = (limits: TextLimits) =>
  z
    .string()
    .transform(tidied)
    .superRefine((text, context) => {
      const message = problemOf(text, limits);
      if (message) context.addIssue({ code: "custom", message });
    });

/** One line of text, of 1 … `lengthMax` characters. */
export const lineOfText = (lengthMax: number) => written({ lengthMax });

/** Text with line breaks, of 1 … `lengthMax` characters. */
export const linesOfText = (lengthMax: number) => written({ lengthMax, mayBreak: true });

/** Text with line breaks that may be left empty, of at most `lengthMax` characters. */
export const optionalLinesOfText = (lengthMax: number) =>
  written({ lengthMax, mayBreak: true, mayBeEmpty: true });

/** A joiner that has an effect on its neighbours: in emoji, and in scripts that join letters. */
const effectiveJoiner =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{M}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}])[\u200c\u200d](?=[\p{Extended_Pictographic}\p{L}])/u;
/** The tags that tell one flag from another, as England's from Scotland's. */
const flagTag = /(?<=\u{1f3f4}[\u{e0020}-\u{e007f}]*)[\u{e0020}-\u{e007f}]/u;
const unseen = new RegExp(
  `${effectiveJoiner.source}|${flagTag.source}|([\\p{Cf}\\p{Default_Ignorable_Code_Point}])`,
  "gu",
);

/** Equal for texts that look equal to readers: letter case, composition, blanks and invisible characters don't count. */
export function lookOf(text: string): string {
  return text
    .replace(unseen, (found, invisible: string | undefined) => (invisible ? "" : found))
    .normalize("NFC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();
}
