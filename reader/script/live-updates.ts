/**
 * Keeps a card current by an event stream. If streams are blocked, it uses long polls; if those are blocked too, it
 * polls at the interval that the server sends, with jitter.
 *
 * No request is made while the page is hidden, the card is out of view, the reader has paused updates, or the result is
 * final. Before the opening and before the vote, the card shows no results, and polls seldom.
 *
 * A browser opens six connections to an HTTP/1.1 site, over all its frames and windows. Streams take at most three of
 * them, so that a vote always finds a free one.
 */

import type { Results } from "#lib/model/results.ts";
import {
  editionOf,
  inArticle,
  part,
  say,
  setText,
  showMessage,
  showsResults,
  slugOf,
  stateOf,
} from "./card.ts";
import { saysReplaced, showReplacement } from "./replaced.ts";
import { writeEyebrow, writeResults } from "./show-results.ts";
import { stored, voterHeader } from "./storage.ts";
import { hearServerTime, isClockOff, reload } from "./times.ts";

export interface LiveUpdates {
  /** Shows results from elsewhere, such as the answer to a vote. */
  show(results: Results): void;
  /** Requests results again, after a change in this browser. */
  refresh(): void;
}

const silenceMsMax = 6_000;
/** Without events for so long, the connection is dead, or the server can't read the results. */
const idleMsMax = 40_000;
const failuresMax = 3;
const streamsMax = 3;
const waitSeconds = 20;
const intervalMsDefault = 10_000;
/** Multiplies the interval while no results are shown. */
const idleFactor = 4;

type Transport = "stream" | "long-poll" | "poll";

class ResultsFollower implements LiveUpdates {
  readonly #card: HTMLElement;
  readonly #url: string;
  #version = -1;
  #transport: Transport = "stream";
  #failures = 0;
  /** The last request was answered: until then, and after a failure, nothing is called live. */
  #answered = false;
  #intervalMs = intervalMsDefault;
  #paused = false;
  #inSight = false;
  #running: AbortController | undefined;

  constructor(card: HTMLElement) {
    this.#card = card;
    this.#url = `/api/polls/${slugOf(card)}/results`;
    // A browser may be wrong about the connection, so the page asks.
    for (const event of ["online", "offline"]) {
      addEventListener(event, () => {
        this.#transport = "stream";
        this.refresh();
      });
    }
    document.addEventListener("visibilitychange", () => this.#sync());
    new IntersectionObserver(entries => {
      this.#inSight = entries.at(-1)?.isIntersecting ?? true;
      this.#sync();
    }).observe(card);
    part(card, "pause")?.addEventListener("click", () => {
      this.#pause(!this.#paused);
    });
  }

  show(results: Results): void {
    // A front of release 0.2.0 names no edition.
    if ((results.edition ?? editionOf(this.#card)) !== editionOf(this.#card)) {
      this.#leaveToReplacement();
      return;
    }
    if (stateOf(this.#card) === "scheduled" && results.state !== "scheduled") {
      reload();
      return;
    }
    // An older version that arrives late is dropped: numbers never go back.
    if (results.version < this.#version) return;
    this.#version = results.version;
    writeResults(this.#card, results);
    if (results.state === "final") this.#sync();
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    setText(this.#card, "pause", say(this.#card, paused ? "resumeUpdates" : "pauseUpdates"));
    this.#sync();
  }

  /** The page that says so may itself come from a front that does not know yet, and is not loaded over and over. */
  #leaveToReplacement(): void {
    this.#pause(true);
    if (saysReplaced) showMessage(this.#card, "warn", say(this.#card, "replaced"));
    else showReplacement(this.#card);
  }

  refresh(): void {
    // A refresh always sends a request, also on a fresh page.
    this.#version = Math.max(0, this.#version);
    this.#running?.abort();
    this.#running = undefined;
    this.#sync();
  }

  /** Starts or stops the updates, and labels the card accordingly. */
  #sync(): void {
    const over = stateOf(this.#card) === "final";
    const run = !over && !document.hidden && this.#inSight && !this.#paused;
    if (!run) {
      this.#running?.abort();
      this.#running = undefined;
      this.#answered = false;
    }
    if (!over) this.#showStatus();
    if (run && !this.#running) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
  }

  #showStatus(): void {
    const running = this.#paused ? "paused" : this.#answered && "live";
    this.#card.dataset.live = (this.#answered || navigator.onLine ? running : "offline") || "";
    writeEyebrow(this.#card);
  }

  #noteAnswer(answered: boolean): void {
    this.#answered = answered;
    this.#showStatus();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // An event stream can't send the token that names the voter, and results may be for voters only. A long
      // poll can.
      const allowed =
        this.#transport === "stream" && this.#token !== undefined ? "long-poll" : this.#transport;
      const transport = showsResults(this.#card) ? allowed : "poll";
      if (transport === "long-poll") await this.#longPoll(signal);
      else if (transport === "poll" || !(await withStreamPermit(() => this.#stream(signal)))) {
        await this.#poll(signal);
      }
    }
  }

  /** Follows the stream until it is aborted or fails. */
  #stream(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      // The permit may have come too late.
      if (signal.aborted) return resolve();
      const source = new EventSource(`${this.#url}/stream`);
      const finish = (failed: boolean) => {
        clearTimeout(silence);
        source.close();
        if (failed) {
          this.#transport = "long-poll";
          this.#noteAnswer(false);
        }
        resolve();
      };
      let silence: ReturnType<typeof setTimeout>;
      const hear = (nextMsMax: number) => {
        clearTimeout(silence);
        silence = setTimeout(() => finish(true), nextMsMax);
      };
      // A proxy that buffers events counts as a failure.
      hear(silenceMsMax);
      let began = false;
      // The server sends one now and then while nothing changes, and it can read the results.
      source.addEventListener("message", () => hear(idleMsMax));
      // After an interruption, a stream sends no results until they change.
      source.addEventListener("open", () => this.#noteAnswer(began));
      source.addEventListener("results", ({ data }) => {
        hear(idleMsMax);
        began = true;
        this.#failures = 0;
        this.#noteAnswer(true);
        this.show(JSON.parse(data) as Results);
      });
      source.addEventListener("error", () => {
        this.#failures += 1;
        this.#noteAnswer(false);
        if (source.readyState === EventSource.CLOSED || this.#failures >= failuresMax) finish(true);
      });
      signal.addEventListener("abort", () => finish(false));
    });
  }

  async #longPoll(signal: AbortSignal): Promise<void> {
    if (await this.#fetch(`?after=${Math.max(0, this.#version)}&wait=${waitSeconds}`, signal)) {
      this.#failures = 0;
    } else if (++this.#failures >= failuresMax) this.#transport = "poll";
    else await sleep(this.#intervalMs * Math.random(), signal);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const shown = showsResults(this.#card);
    // A fresh page has current numbers: without visible results, the first request can wait.
    if (shown || this.#version >= 0 || isClockOff() || stateOf(this.#card) === "closing") {
      await this.#fetch("", signal);
    } else this.#version = 0;
    const factor = showsResults(this.#card) ? 1 : idleFactor;
    await sleep(this.#intervalMs * factor * (0.75 + Math.random() / 2), signal);
  }

  get #token(): string | undefined {
    return inArticle ? stored<string>("token", slugOf(this.#card)) : undefined;
  }

  /** Returns false on failure. */
  async #fetch(query: string, signal: AbortSignal): Promise<boolean> {
    try {
      const token = this.#token;
      const headers = {
        // A long poll is then answered at once when another poll has got the slug.
        "Floodgate-Edition": editionOf(this.#card),
        ...(token !== undefined && { [voterHeader]: token }),
      };
      const answer = await fetch(this.#url + query, { signal, headers, cache: "no-cache" });
      hearServerTime(answer.headers.get("Date"));
      const seconds = Number(
        answer.headers.get("Floodgate-Interval") ?? answer.headers.get("Retry-After"),
      );
      if (seconds > 0) this.#intervalMs = seconds * 1000;
      if (answer.status === 200) this.show((await answer.json()) as Results);
      this.#noteAnswer(answer.ok);
      return answer.ok;
    } catch {
      if (!signal.aborted) this.#noteAnswer(false);
      return false;
    }
  }
}

export function followResults(card: HTMLElement): LiveUpdates {
  return new ResultsFollower(card);
}

/**
 * Runs `work` if one of the browser's permits for streams is free, else returns false. Frames without access to locks,
 * which are denied together with storage, run it without a permit.
 */
async function withStreamPermit(work: () => Promise<void>): Promise<boolean> {
  try {
    for (let permit = 0; permit < streamsMax; permit++) {
      const options = { ifAvailable: true };
      const acquired = await navigator.locks.request(`fg-stream-${permit}`, options, async lock => {
        if (lock) await work();
        return lock !== null;
      });
      if (acquired) return true;
    }
    return false;
  } catch {
    // No locks: the browser has none, or the frame none.
    await work();
    return true;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<unknown> {
  return new Promise(resolve => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", resolve);
  });
}
