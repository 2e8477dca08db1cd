/**
 * What editors have typed and not saved, kept on their device: in localStorage, which a closed tab and a crashed browser
 * leave as it is. Where storage is missing, full or broken, nothing is kept and the forms work as usual.
 *
 * Entries belong to an editor, a form and a tab, so that neither another editor nor another tab overwrites them.
 * Signing out deletes the editor's entries; entries of those who did not sign out end after some days.
 */
import { DAY, wallMs } from "#lib/base/clock.ts";
import type { FormValues } from "../../_data/form-values.ts";

const prefix = "fg.typed";
const tabKey = "fg.tab";
const keptMsMax = 14 * DAY;

/** The place of a form's text. */
export interface FormName {
  /** The editor's id. */
  readonly editor: string;
  /** For example `new`, or a poll's key and `rules`. */
  readonly form: string;
}

export interface KeptText {
  readonly values: FormValues;
  /** What the form was made from. */
  readonly base: FormValues;
  /** The poll's version that the form was made from; 0 for a new poll. */
  readonly version: number;
  readonly atMs: number;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    // Storage that can't be used keeps nothing, and must not break the form.
    return undefined;
  }
}

function tab(): string {
  const known = attempt(() => sessionStorage.getItem(tabKey));
  if (known) return known;
  const fresh = String(Math.random()).slice(2);
  attempt(() => sessionStorage.setItem(tabKey, fresh));
  return fresh;
}

const placeOf = ({ editor, form }: FormName) => `${prefix}:${editor}:${form}:`;

function read(key: string): KeptText | undefined {
  const found = attempt(() => JSON.parse(localStorage.getItem(key) ?? "null"));
  const isText = typeof found?.values === "object" && typeof found.base === "object";
  return isText && typeof found.atMs === "number" ? found : undefined;
}

function keysUnder(start: string): string[] {
  return attempt(() => Object.keys(localStorage).filter(key => key.startsWith(start))) ?? [];
}

const drop = (key: string) => void attempt(() => localStorage.removeItem(key));

/** Keeps a form's text as this tab's. */
export function keepText(name: FormName, text: Omit<KeptText, "atMs">): void {
  const entry = JSON.stringify({ ...text, atMs: wallMs() });
  attempt(() => localStorage.setItem(placeOf(name) + tab(), entry));
}

/** What this tab has kept of a form. */
export function keptText(name: FormName): KeptText | undefined {
  return read(placeOf(name) + tab());
}

export function dropText(name: FormName): void {
  drop(placeOf(name) + tab());
}

/** The newest text of the same form that another tab has kept, open or closed. */
export function textOfOtherTab(name: FormName): { key: string; text: KeptText } | undefined {
  const own = placeOf(name) + tab();
  return keysUnder(placeOf(name))
    .filter(key => key !== own)
    .map(key => ({ key, text: read(key) }))
    .filter((found): found is { key: string; text: KeptText } => found.text !== undefined)
    .sort((a, b) => b.text.atMs - a.text.atMs)[0];
}

/** Deletes another tab's text. */
export function dropKey(key: string): void {
  drop(key);
}

/** Deletes what has been kept for too long, or can't be read. */
export function dropOldTexts(): void {
  for (const key of keysUnder(`${prefix}:`)) {
    const atMs = read(key)?.atMs ?? 0;
    if (wallMs() - atMs > keptMsMax) drop(key);
  }
}

/** How many forms hold unsaved text of this editor. */
export function countTexts(editor: string): number {
  return keysUnder(`${prefix}:${editor}:`).length;
}

/** Deletes this editor's texts of the forms whose names begin like that. */
export function dropTextsOf(editor: string, form = ""): void {
  for (const key of keysUnder(`${prefix}:${editor}:${form}`)) drop(key);
}
