/**
 * Times as editors write them: date and time of day in the newsroom's zone.
 *
 * When clocks go back, one hour occurs twice; when they go forward, one is skipped. A time in the first is ambiguous, a
 * time in the second does not exist. Neither is guessed.
 *
 * Invariant: a form field whose text was not changed keeps its moment to the millisecond, although the text can't say
 *   milliseconds or which of two equal hours it means.
 */
import { DateTime } from "luxon";
import { HOUR, MINUTE } from "./clock.ts";

/** What a local time means in a zone. Moments are milliseconds since 1970. */
export type LocalTime =
  | { readonly kind: "once"; readonly ms: number }
  | { readonly kind: "twice"; readonly firstMs: number; readonly secondMs: number }
  /** `laterMs`: the same time of day, as much later as the clocks go forward. */
  | { readonly kind: "skipped"; readonly laterMs: number }
  | { readonly kind: "invalid" };

const localText = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?$/;

/** What `2026-11-22T20:00` means in a zone. */
export function readLocalTime(text: string, timeZone: string): LocalTime {
  const asUtc = DateTime.fromISO(text, { zone: "UTC" });
  if (!localText.test(text) || !asUtc.isValid) return { kind: "invalid" };
  const localMs = asUtc.toMillis();
  // Luxon's own list of possible offsets misses some where a zone is far from UTC.
  const offsets = offsetsAround(localMs, timeZone);
  const [firstMs, secondMs] = offsets
    .map(minutes => localMs - minutes * MINUTE)
    .filter((ms, index) => offsetAt(ms, timeZone) === offsets[index])
    .sort((a, b) => a - b);
  if (firstMs === undefined) {
    return { kind: "skipped", laterMs: localMs - Math.min(...offsets) * MINUTE };
  }
  if (secondMs === undefined) return { kind: "once", ms: firstMs };
  return { kind: "twice", firstMs, secondMs };
}

/** In minutes east of UTC. */
function offsetAt(ms: number, timeZone: string): number {
  return DateTime.fromMillis(ms, { zone: timeZone }).offset;
}

/** The offsets in force from a day and more before a local time until as long after it. */
function offsetsAround(localMs: number, timeZone: string): number[] {
  const hours = [-28, -14, 0, 14, 28];
  return [...new Set(hours.map(each => offsetAt(localMs + each * HOUR, timeZone)))];
}

/** Milliseconds since 1970 → `2026-11-22T20:00` in a zone, for a form's field; with seconds unless they are 0. */
export function formatLocalTime(ms: number, timeZone: string): string {
  const time = DateTime.fromMillis(ms, { zone: timeZone });
  return time.toFormat(time.second === 0 ? "yyyy-MM-dd'T'HH:mm" : "yyyy-MM-dd'T'HH:mm:ss");
}

/** Which one of two equal local times a moment is. */
export type Occurrence = "first" | "second";

/** Which one of two equal local times this moment is; `undefined` when its local time occurs once. */
export function occurrenceOf(ms: number, timeZone: string): Occurrence | undefined {
  const time = readLocalTime(formatLocalTime(ms, timeZone), timeZone);
  if (time.kind !== "twice") return undefined;
  return ms < time.secondMs ? "first" : "second";
}

/** A form's field for a moment, as it was sent. */
export interface MomentField {
  /** Empty for no moment. */
  readonly text: string;
  /** The editor's answer when the time occurs twice. */
  readonly occurrence: Occurrence | undefined;
  /** The moment that the form was made from. */
  readonly originalMs: number | null;
}

/** The moment of a field, or a sentence that says what is wrong with it. */
export function momentOfField(
  { text, occurrence, originalMs }: MomentField,
  timeZone: string,
): { readonly ms: number | null } | { readonly problem: string } {
  if (text === "") return { ms: null };
  if (originalMs !== null && text === formatLocalTime(originalMs, timeZone)) {
    const unchanged = occurrenceOf(originalMs, timeZone);
    if (unchanged === undefined || occurrence === undefined || occurrence === unchanged) {
      return { ms: originalMs };
    }
  }
  const time = readLocalTime(text, timeZone);
  switch (time.kind) {
    case "once":
      return { ms: time.ms };
    case "twice":
      if (occurrence) return { ms: occurrence === "first" ? time.firstMs : time.secondMs };
      return { problem: "This time occurs twice, because the clocks go back. Choose which one." };
    case "skipped":
      return { problem: sayTimeSkipped(time.laterMs, timeZone) };
    case "invalid":
      return { problem: "Enter a valid date and time." };
  }
}

/** Why a skipped time can't be used, and one that can. */
export function sayTimeSkipped(laterMs: number, timeZone: string): string {
  const later = sayTime(laterMs, timeZone);
  return `This time does not exist, because the clocks go forward. Enter another, such as ${later}.`;
}

/** A moment for editors, with its zone: `Sun 22 Nov 2026, 20:00 CET`; with seconds unless they are 0. */
export function sayTime(ms: number, timeZone: string): string {
  const time = DateTime.fromMillis(ms, { zone: timeZone, locale: "en-GB" });
  const clock = time.second === 0 ? "HH:mm" : "HH:mm:ss";
  return `${time.toFormat(`ccc d LLL yyyy, ${clock}`)} ${time.toFormat("ZZZZ")}`;
}

/** The zone's name and its difference to UTC at a moment: `CEST, UTC+2`. */
export function sayOffset(ms: number, timeZone: string): string {
  const time = DateTime.fromMillis(ms, { zone: timeZone, locale: "en-GB" });
  const name = time.toFormat("ZZZZ");
  const utc = time.toFormat("'UTC'Z");
  return /^(?:GMT|UTC)[+-]/.test(name) ? utc : `${name}, ${utc}`;
}
