/** What people type to find polls, as words. Pure. */

/** Longer searches are cut off. */
export const searchLengthMax = 100;
const wordsMax = 6;

/** The text of a search in one form, so that equal searches are equal texts. */
export function searchText(typed: string): string {
  const printable = typed.normalize("NFC").replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, " ");
  return [...printable.trim()].slice(0, searchLengthMax).join("").trim().toLowerCase();
}

/** The words of such a text, each once. */
export function searchWords(text: string): readonly string[] {
  return [...new Set(text.split(" ").filter(word => word !== ""))].slice(0, wordsMax);
}
