/**
 * Times as an editor writes them: a date and a clock in the newsroom's zone, with or without summer time.
 * Luxon does the arithmetic: an hour that does not exist is moved forward, one that exists twice is the
 * earlier one.
 */
import { DateTime } from "luxon";

/** `2026-11-22T20:00` in a zone → milliseconds since 1970; `undefined` when it is no such time. */
export function parseLocalTime(text: string, timeZone: string): number | undefined {
  const parsed = DateTime.fromISO(text, { zone: timeZone });
  if (!parsed.isValid) return undefined;
  // Left alone, Luxon takes whichever of the two fits the offset of today.
  return Math.min(...parsed.getPossibleOffsets().map(time => time.toMillis()));
}

/** Milliseconds since 1970 → `2026-11-22T20:00` in a zone, for a form's field. */
export function formatLocalTime(ms: number, timeZone: string): string {
  return DateTime.fromMillis(ms, { zone: timeZone }).toFormat("yyyy-MM-dd'T'HH:mm");
}

/** A moment for editors, with its zone: `Sun 22 Nov 2026, 20:00 CET`. */
export function sayTime(ms: number, timeZone: string): string {
  const time = DateTime.fromMillis(ms, { zone: timeZone, locale: "en-GB" });
  return `${time.toFormat("ccc d LLL yyyy, HH:mm")} ${time.toFormat("ZZZZ")}`;
}
