/** Moments in the reader's own zone, and how long it is until then. */
import { formatDistance, formatMoment } from "../words/format-time.ts";
import { language, part, say, setText, stateOf } from "./card.ts";

const secondMs = 1_000;
const minuteMs = 60_000;
/** Below this, seconds count. */
const nearMs = 90 * secondMs;
/** The longest that `setTimeout` can wait. */
const timeoutMsMax = 2 ** 31 - 1;
/** Everybody waits for the same moment: they come back spread over this. */
const spreadMs = 3 * secondMs;

/** Says the moments of a card, counts down to them, and looks again when a poll opens. */
export function showLocalTimes(card: HTMLElement): void {
  const time = part(card, "when")?.querySelector("time");
  if (!time) return;
  const ms = Date.parse(time.dateTime);
  const { key } = time.dataset;
  const tick = () => {
    const now = Date.now();
    const when = formatMoment(language, undefined, ms, now);
    if (!key) {
      time.textContent = when;
      return;
    }
    time.textContent = say(card, key, { when });
    setText(card, "distance", formatDistance(language, ms - now));
    if (ms <= now) return;
    setTimeout(tick, ms - now <= nearMs + minuteMs ? secondMs : minuteMs);
  };
  tick();
  showAsOf(card, part(card, "as-of")?.dataset.at);
  if (stateOf(card) === "scheduled") {
    runAt(ms + Math.random() * spreadMs, () => location.reload());
  }
}

/** Runs something at a moment of the reader's clock. */
export function runAt(ms: number, run: () => void): void {
  const waitMs = ms - Date.now();
  if (waitMs > timeoutMsMax) setTimeout(() => runAt(ms, run), timeoutMsMax);
  else setTimeout(run, Math.max(0, waitMs));
}

/** When the poll closes, in milliseconds since 1970; never: `undefined`. */
export function closingMs(card: HTMLElement): number | undefined {
  const time = part(card, "when")?.querySelector("time");
  return time ? Date.parse(time.dateTime) : undefined;
}

/** How new the numbers are. */
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
