/** Lengths of time and counts, as people read them. English only: for operators, not for readers. */
import { SECOND } from "./clock.ts";

/** `3 minutes`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / SECOND);
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return plural(seconds, "second");
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? plural(minutes, "minute") : plural(Math.round(minutes / 60), "hour");
}

/** `1 slot`, `3,000 slots`. */
export function plural(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
