/**
 * Times and durations as text. The server and the browser share this code, so that text keeps its width when the
 * script rewrites a time in the reader's own zone. Imports nothing.
 */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Beyond this, a weekday alone would be ambiguous. */
const weekdayWithinMs = 6 * dayMs;

/** Makes a formatter, or returns a cached one. */
type DateFormats = (locale: string, options: Intl.DateTimeFormatOptions) => Intl.DateTimeFormat;

/**
 * A date formatter. Plain `en` means American English, which puts the month first and has no names for European
 * zones. In a European zone, `en` is therefore British: "21 Nov, 20:00 CET", not "Nov 21, 20:00 GMT+1".
 */
export const newFormat: DateFormats = (locale, options) => {
  const zone = options.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const british = locale === "en" && zone.startsWith("Europe/");
  return new Intl.DateTimeFormat(british ? "en-GB" : locale, options);
};

/** "20:00 CET" today, "Sunday 20:00 CET" within six days, else with the date. */
export function formatMoment(
  locale: string,
  timeZone: string | undefined,
  ms: number,
  nowMs: number,
  format: DateFormats = newFormat,
) {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = format("en-CA", { dateStyle: "short", ...zone });
  const year = (at: number) => day.format(at).slice(0, 4);
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone } as const;
  const zoned = { ...time, timeZoneName: "short" } as const;
  if (day.format(ms) === day.format(nowMs)) {
    return format(locale, zoned).format(ms);
  }
  if (ms > nowMs && ms - nowMs < weekdayWithinMs) {
    return format(locale, { weekday: "long", ...zoned }).format(ms);
  }
  const date = { day: "numeric", month: "short", ...zoned } as const;
  return format(locale, year(ms) === year(nowMs) ? date : { ...date, year: "numeric" }).format(ms);
}

/** A time with its full date, for those who read it much later: "21 November 2026 at 18:04 CET". */
export function formatDated(
  locale: string,
  timeZone: string,
  ms: number,
  format: DateFormats = newFormat,
): string {
  return format(locale, {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
    timeZoneName: "short",
  }).format(ms);
}

/** "in 2 days", "in 12 minutes", "in 40 seconds"; the past counts as 0 seconds. */
export function formatDistance(locale: string, deltaMs: number): string {
  const words = new Intl.RelativeTimeFormat(locale);
  const seconds = Math.max(0, Math.round(deltaMs / 1000));
  if (seconds < 90) return words.format(seconds, "second");
  if (seconds < 90 * 60) return words.format(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / (24 * 3600)), "day");
}
