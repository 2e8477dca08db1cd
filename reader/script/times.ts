/** Times in the reader's own zone, and the countdown to them. */
import { formatDistance, formatMoment } from "../words/format-time.ts";
import { language, part, say, setText, stateOf } from "./card.ts";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
/** Below this, the countdown shows seconds. */
const nearMs = 90 * secondMs;
/** All readers wait for the same moment, so their requests are spread over this time: enough for an even load. */
const spreadMs = 3 * secondMs;
/** So long, and up to as long again, it takes until a page asks once more. */
const againMs = 5 * secondMs;
/** A page is loaded again after a random part of this time. */
const reloadMsMax = 12 * secondMs;
/** A cache that serves a page from before the opening for longer is left alone. */
const reloadsMax = 5;

/**
 * The server's time as last heard, and the reader's clocks then. Neither clock is believed alone: the first may be set,
 * and the second stands still while a computer sleeps.
 */
let heard = { ms: Date.now(), wallMs: Date.now(), steadyMs: performance.now() };

/** Takes over the server's time. It comes late, never early, so that nothing is shown before its time. */
export function hearServerTime(time: string | null | undefined): void {
  const ms = Date.parse(time ?? "");
  if (ms) heard = { ms, wallMs: Date.now(), steadyMs: performance.now() };
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return heard.ms + Math.max(Date.now() - heard.wallMs, performance.now() - heard.steadyMs);
}

/** True if the reader's clock is wrong, or the page an old one that the browser has kept. */
export const isClockOff = (): boolean => Math.abs(heard.ms - heard.wallMs) > minuteMs;

/** Shows the times of a card in the reader's zone, counts down, and calls `run` soon after the moment has come. */
export function showLocalTimes(card: HTMLElement, run: () => void): void {
  hearServerTime(card.dataset.now);
  showAsOf(card, part(card, "as-of")?.dataset.at);
  const time = timeOf(card);
  const key = time?.dataset.key;
  // A poll that is over: its time is the newsroom's, with the zone.
  if (!time || !key) return;
  let waitMs = Math.random() * spreadMs;
  const tick = () => {
    if (!time.isConnected || !/scheduled|open/.test(stateOf(card))) return;
    // An editor may move the moment, so it is read each time.
    const ms = Date.parse(time.dateTime);
    const leftMs = ms - serverNow();
    const when = formatMoment(language, undefined, ms, serverNow());
    time.textContent = say(card, key, { when });
    setText(card, "distance", formatDistance(language, leftMs));
    if (leftMs + waitMs <= 0) {
      run();
      // An answer may be lost, or from a moment before.
      waitMs = againMs * (1 + Math.random()) - leftMs;
    }
    // Never for longer: a timer stands still while a computer sleeps.
    setTimeout(tick, Math.abs(leftMs) <= nearMs + minuteMs ? secondMs : minuteMs);
  };
  tick();
}

/** The opening or closing time above the question. */
export const timeOf = (card: HTMLElement) => part(card, "when")?.querySelector("time");

let isReloading = false;

/** Loads the page of a poll that has opened, a few times at most: a cache may still serve it as it was before. */
export function reload(): void {
  const reloads: number = history.state?.reloads ?? 0;
  if (isReloading || reloads >= reloadsMax) return;
  isReloading = true;
  // A page that is young came from such a reload, so it waits.
  const waitMs = Math.random() * reloadMsMax - performance.now();
  setTimeout(() => {
    history.replaceState({ reloads: reloads + 1 }, "");
    location.reload();
  }, waitMs);
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
