/** Times in the reader's own zone, and the countdown to them. */
import { formatDistance, formatMoment } from "../words/format-time.ts";
import { language, part, say, setText, stateOf } from "./card.ts";

const secondMs = 1_000;
const minuteMs = 60_000;
/** Below this, the countdown shows seconds. */
const nearMs = 90 * secondMs;
/** The longest delay that `setTimeout` takes. */
const timeoutMsMax = 2 ** 31 - 1;
/** All readers wait for the same moment, so their reloads are spread over this time. */
const spreadMs = 3 * secondMs;
const reloadMsMax = 12 * secondMs;

/** Shows the times of a card in the reader's zone, counts down, and reloads when a poll opens. */
export function showLocalTimes(card: HTMLElement): void {
  // A page that has been kept, or comes slowly, is older than it says: then the countdown is late, and never early.
  offsetMs = Date.parse(card.dataset.now ?? "") - Date.now() || 0;
  const time = timeOf(card);
  if (!time) return;
  const ms = Date.parse(time.dateTime);
  const { key } = time.dataset;
  // A poll that is over: its time is the newsroom's, with the zone.
  if (!key) return;
  const tick = () => {
    const now = serverNow();
    const when = formatMoment(language, undefined, ms, now);
    time.textContent = say(card, key, { when });
    setText(card, "distance", formatDistance(language, ms - now));
    if (ms <= now) return;
    setTimeout(tick, ms - now <= nearMs + minuteMs ? secondMs : minuteMs);
  };
  tick();
  showAsOf(card, part(card, "as-of")?.dataset.at);
  if (stateOf(card) === "scheduled") {
    runAt(ms + Math.random() * spreadMs, reload);
  }
}

/** A page that is young came from a reload, perhaps from a cache, from before the opening: the next one waits. */
const reload = () =>
  setTimeout(() => location.reload(), reloadMsMax * Math.random() - performance.now());

/** The server's clock minus the reader's, which may be wrong by any amount. */
let offsetMs = 0;
const serverNow = () => Date.now() + offsetMs;

/** Calls `run` at a time of the server's clock. */
export function runAt(ms: number, run: () => void): void {
  const waitMs = ms - serverNow();
  if (waitMs > timeoutMsMax) setTimeout(() => runAt(ms, run), timeoutMsMax);
  else setTimeout(run, Math.max(0, waitMs));
}

/** The opening or closing time above the question. */
export const timeOf = (card: HTMLElement) => part(card, "when")?.querySelector("time");

/** The closing time in milliseconds since 1970; `undefined` without one. */
export function closingMs(card: HTMLElement): number | undefined {
  const time = timeOf(card);
  return time ? Date.parse(time.dateTime) : undefined;
}

/** Shows the time of the numbers. */
export function showAsOf(card: HTMLElement, iso: string | undefined): void {
  if (!iso) return;
  setText(card, "as-of", say(card, "asOf", { time: formatTime(iso) }));
}

/** A time of day with seconds. */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}
