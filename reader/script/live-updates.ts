/**
 * Keeps a card current: by an event stream; where that does not get through, by held requests (long
 * poll); where those don't either, by asking again at the interval that the server says, with jitter.
 *
 * Nothing is asked for while the page is hidden, the card is out of sight, the reader has paused it, the
 * connection is gone, or the result is final. Who has not voted yet sees only the count of readers, and
 * asks for it seldom.
 *
 * Browsers open six connections to a site that speaks HTTP/1.1, however many frames and windows show it:
 * streams take three of them at most, so that a vote always finds one.
 */

import type { Results } from "#lib/model/results.ts";
import { inArticle, part, say, setText, showsResults, slugOf, stateOf } from "./card.ts";
import { writeResults } from "./show-results.ts";
import { stored, voterHeader } from "./storage.ts";
import { closingMs, runAt } from "./times.ts";

export interface LiveUpdates {
  /** Shows results that came another way. */
  show(results: Results): void;
  /** Asks anew: something has changed here. */
  refresh(): void;
}

const silenceMsMax = 6_000;
const failuresMax = 3;
const streamsMax = 3;
const waitSeconds = 20;
const intervalMsDefault = 10_000;
/** Of the count of readers, which nobody watches. */
const idleFactor = 4;
const closingSpreadMs = 2_000;

type Transport = "stream" | "wait" | "ask";

class ResultsFollower implements LiveUpdates {
  readonly #card: HTMLElement;
  readonly #url: string;
  #version = -1;
  #way: Transport = "stream";
  #failures = 0;
  #intervalMs = intervalMsDefault;
  #paused = false;
  #inSight = false;
  #running: AbortController | undefined;

  constructor(card: HTMLElement) {
    this.#card = card;
    this.#url = `/api/polls/${slugOf(card)}/results`;
    for (const event of ["online", "offline"]) addEventListener(event, () => this.#sync());
    document.addEventListener("visibilitychange", () => this.#sync());
    new IntersectionObserver(entries => {
      this.#inSight = entries.at(-1)?.isIntersecting ?? true;
      this.#sync();
    }).observe(card);
    part(card, "pause")?.addEventListener("click", () => {
      this.#paused = !this.#paused;
      setText(card, "pause", say(card, this.#paused ? "resumeUpdates" : "pauseUpdates"));
      this.#sync();
    });
    const closing = closingMs(card);
    if (stateOf(card) === "open" && closing !== undefined) {
      runAt(closing + Math.random() * closingSpreadMs, () => this.refresh());
    }
  }

  show(results: Results): void {
    // What comes late is not shown: numbers never go back.
    if (results.version < this.#version) return;
    this.#version = results.version;
    writeResults(this.#card, results);
    if (results.state === "final") this.#sync();
  }

  refresh(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#sync();
  }

  /** Starts or stops, as things are now, and says so. */
  #sync(): void {
    const over = stateOf(this.#card) === "final" || stateOf(this.#card) === "scheduled";
    const run = !over && !document.hidden && this.#inSight && !this.#paused && navigator.onLine;
    if (!over) this.#sayWhether();
    if (run && !this.#running) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    } else if (!run) {
      this.#running?.abort();
      this.#running = undefined;
    }
  }

  #sayWhether(): void {
    const label = this.#card.querySelector<HTMLElement>(".poll-live");
    if (!label) return;
    const word = navigator.onLine ? (this.#paused ? "paused" : "live") : "offline";
    label.dataset.live = word;
    label.textContent = say(this.#card, word);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A stream can't say who asks; where a token does, and results may be for voters only, a held
      // request can.
      const named = this.#way === "stream" && this.#token !== undefined ? "wait" : this.#way;
      const way = showsResults(this.#card) ? named : "ask";
      if (way === "stream" && !(await withStreamPermit(() => this.#stream(signal)))) {
        await this.#ask(signal);
      } else if (way === "wait") await this.#wait(signal);
      else if (way === "ask") await this.#ask(signal);
    }
  }

  /** Until it ends: called off, or not to be had this way. */
  #stream(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const source = new EventSource(`${this.#url}/stream`);
      const finish = (failed: boolean) => {
        clearTimeout(silence);
        source.close();
        if (failed) this.#way = "wait";
        resolve();
      };
      // A proxy that holds events back is as bad as none getting through.
      const silence = setTimeout(() => finish(true), silenceMsMax);
      source.addEventListener("results", ({ data }) => {
        clearTimeout(silence);
        this.#failures = 0;
        this.show(JSON.parse(data) as Results);
      });
      source.addEventListener("error", () => {
        this.#failures += 1;
        if (source.readyState === EventSource.CLOSED || this.#failures >= failuresMax) finish(true);
      });
      signal.addEventListener("abort", () => finish(false));
    });
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (await this.#fetch(`?after=${Math.max(0, this.#version)}&wait=${waitSeconds}`, signal)) {
      this.#failures = 0;
    } else if (++this.#failures >= failuresMax) this.#way = "ask";
    else await sleep(this.#intervalMs * Math.random(), signal);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const shown = showsResults(this.#card);
    // The page has just come, with its numbers: only what is watched is asked for at once.
    if (shown || this.#version >= 0 || stateOf(this.#card) !== "open") {
      await this.#fetch("", signal);
    } else this.#version = 0;
    const factor = showsResults(this.#card) ? 1 : idleFactor;
    await sleep(this.#intervalMs * factor * (0.75 + Math.random() / 2), signal);
  }

  get #token(): string | undefined {
    return inArticle ? stored<string>("token", slugOf(this.#card)) : undefined;
  }

  /** False when it failed. */
  async #fetch(query: string, signal: AbortSignal): Promise<boolean> {
    try {
      const token = this.#token;
      const headers = token === undefined ? {} : { [voterHeader]: token };
      const answer = await fetch(this.#url + query, { signal, headers });
      const seconds = Number(
        answer.headers.get("Floodgate-Interval") ?? answer.headers.get("Retry-After"),
      );
      if (seconds > 0) this.#intervalMs = seconds * 1000;
      if (answer.status === 200) this.show((await answer.json()) as Results);
      return answer.ok;
    } catch {
      return false;
    }
  }
}

export function followResults(card: HTMLElement): LiveUpdates {
  return new ResultsFollower(card);
}

/**
 * Runs `work` if one of the browser's seats for streams is free; false if none is. Frames that may not
 * ask for a seat (where storage is denied, locks are) go without.
 */
async function withStreamPermit(work: () => Promise<void>): Promise<boolean> {
  if (!navigator.locks) {
    await work();
    return true;
  }
  try {
    for (let seat = 0; seat < streamsMax; seat++) {
      const options = { ifAvailable: true };
      const had = await navigator.locks.request(`fg-stream-${seat}`, options, async lock => {
        if (lock) await work();
        return lock !== null;
      });
      if (had) return true;
    }
    return false;
  } catch {
    await work();
    return true;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve());
  });
}
