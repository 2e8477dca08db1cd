/** Comparing another machine's clock with this one's, and version numbers. Pure. */
import { SECOND } from "#lib/base/clock.ts";
import { isClockWrong } from "#lib/fleet/site-clock.ts";
import { type Finding, wrong } from "./finding.ts";

export interface ClockReading {
  readonly about: string;
  /** What the other machine said. */
  readonly theirMs: number;
  /** The other clock gives the time in steps of this length, rounded down. */
  readonly resolutionMs: number;
  /** It was read between these two moments of this machine's clock. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** By how much the other clock is certainly ahead (negative: behind); 0 when the two may agree. */
export function skewMs({ theirMs, resolutionMs, notBeforeMs, notAfterMs }: ClockReading): number {
  if (theirMs > notAfterMs) return theirMs - notAfterMs;
  return Math.min(0, theirMs + resolutionMs - notBeforeMs);
}

export function checkClock(reading: ClockReading): Finding[] {
  const skew = skewMs(reading);
  if (!isClockWrong(skew)) return [];
  const seconds = Math.round(Math.abs(skew) / SECOND);
  return [
    wrong(
      reading.about,
      "clocks-differ",
      `its clock is ${seconds} s ${skew > 0 ? "ahead of" : "behind"} this machine's`,
      "Set both clocks by NTP: `timedatectl set-ntp true`, then `timedatectl timesync-status`.",
    ),
  ];
}

/** True when `version` comes before `least`, number by number: 1.6.9 before 1.6.10. */
export function isOlder(version: string, least: string): boolean {
  const numbers = (text: string) => text.split(/[^\d]+/).map(Number);
  const theirs = numbers(version);
  for (const [index, wanted] of numbers(least).entries()) {
    const is = theirs[index] ?? 0;
    if (is !== wanted) return is < wanted;
  }
  return false;
}
