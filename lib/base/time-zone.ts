/**
 * Times as editors write them: date and time of day in the newsroom's zone. An hour that does not exist (start of summer
 * time) is moved forward; an hour that exists twice means the earlier one.
 */
import { DateTime } from "luxon";

/** `2026-11-22T20:00` in a zone → milliseconds since 1970; `undefined` when it is no valid time. */
export function parseLocalTime(text: string, timeZone: string): number | undefined {
  const parsed = DateTime.fromISO(text, { zone: timeZone });
  if (!parsed.isValid) return undefined;
  // By itself, Luxon takes the one that has today's offset.
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
