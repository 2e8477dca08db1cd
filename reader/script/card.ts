/** Access to the parts and texts of a poll card. */

import { formatDated } from "../words/format-time.ts";
import type { Speaker } from "../words/outcome-sentence.ts";

/** Texts in the page's language; those with a number have a form for each plural. */
export interface CardTexts {
  readonly [key: string]: string | Readonly<Record<string, string>>;
}

/** The words and formats of the outcome's sentences. */
export const speakerOf = (card: HTMLElement): Speaker => ({
  rightToLeft: document.documentElement.dir === "rtl",
  say: (key, values) => say(card, key, values),
  count: (key, count, values) => sayCount(card, key, count, values),
  number: formatNumber,
  percent: formatPercent,
  mean: formatMean,
  list: formatList,
  dated: ms => formatDated(language, say(card, "zone"), ms),
});

export type Tone = "good" | "warn" | "bad";

export const language = document.documentElement.lang;
/** `?lang=…` if this address has it, for links that lead on. */
export const langQuery = /[?&]lang=[a-zA-Z-]+/.exec(location.search)?.[0].replace("&", "?") ?? "";
export const inArticle = document.documentElement.dataset.surface === "embed";

const numbers = new Intl.NumberFormat(language);
const means = new Intl.NumberFormat(language, { minimumFractionDigits: 2 });
const percents = new Intl.NumberFormat(language, { style: "percent" });
const plurals = new Intl.PluralRules(language);

export function forEachCard(run: (card: HTMLElement) => void): void {
  for (const card of document.querySelectorAll<HTMLElement>("[data-poll]")) run(card);
}

export const slugOf = (card: HTMLElement): string => card.dataset.poll ?? "";
/** Names the poll and the options that the card shows. */
export const editionOf = (card: HTMLElement): string => card.dataset.edition ?? "";
export const stateOf = (card: HTMLElement): string => card.dataset.state ?? "";
export const showsResults = (card: HTMLElement): boolean => part(card, "results")?.hidden === false;

export function part(within: HTMLElement, name: string): HTMLElement | null {
  return within.querySelector<HTMLElement>(`[data-part="${name}"]`);
}

export function setText(within: HTMLElement, name: string, text: string): void {
  const element = part(within, name);
  // Unchanged text is not rewritten: assistive technology might read it out again.
  if (element && element.textContent !== text) element.textContent = text;
}

export function setHidden(card: HTMLElement, hidden: boolean, ...names: string[]): void {
  for (const name of names) {
    const element = part(card, name);
    if (element) element.hidden = hidden;
  }
}

/** A text in the page's language, with `values` in place of its placeholders. */
export function say(
  card: HTMLElement,
  key: string,
  values: Readonly<Record<string, string>> = {},
): string {
  const text = textsOf(card)[key];
  return fillPlaceholders(typeof text === "string" ? text : "", values);
}

/** A text with a count, in its plural form. */
export function sayCount(
  card: HTMLElement,
  key: string,
  count: number,
  values: Readonly<Record<string, string>> = {},
): string {
  const forms = textsOf(card)[key];
  if (typeof forms !== "object") return "";
  const form = count === 0 ? forms.exact0 : forms[plurals.select(count)];
  return fillPlaceholders((form ?? forms.other ?? "#").replace("#", formatNumber(count)), values);
}

export const formatNumber = (value: number): string => numbers.format(value);
export const formatList = (items: readonly string[]): string =>
  new Intl.ListFormat(language).format(items);
export const formatMean = (value: number): string => means.format(value);
/** A whole percentage. */
export const formatPercent = (share: number): string => percents.format(share / 100);

/** Shows a message in the card's live region, which screen readers read out. */
export function showMessage(card: HTMLElement, tone: Tone, text: string): void {
  const message = part(card, "message");
  if (!message) return;
  message.dataset.tone = tone;
  message.hidden = false;
  // The same text again is not rewritten, so that it is read out once.
  if (message.textContent !== text) message.textContent = text;
}

function fillPlaceholders(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function textsOf(card: HTMLElement): CardTexts {
  return JSON.parse(card.dataset.words ?? "{}") as CardTexts;
}
