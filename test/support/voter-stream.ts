/**
 * A stream of readers for tests of rolling changes: each votes once, some try a second ballot at another front, and the
 * results of every poll are read all the time.
 */
import { randomUUID } from "node:crypto";
import { sleep } from "#lib/base/clock.ts";
import { vote } from "./ledger.ts";

interface Reader {
  readonly slug: string;
  readonly cookie: string;
}

const pauseMs = 8;
const readEveryMs = 100;
const secondBallotEvery = 3;

export class VoterStream {
  readonly #urls: () => readonly string[];
  readonly #slugs: readonly string[];
  readonly #readers: Reader[] = [];
  readonly acknowledged = new Map<string, number>();
  /** Second ballots that were acknowledged, and results that went down: there should be none. */
  readonly wrong: string[] = [];
  secondsRefused = 0;
  #stopped = false;
  #running: Promise<unknown> | undefined;

  /** @param urls - the fronts that can be asked now. */
  constructor(slugs: readonly string[], urls: () => readonly string[]) {
    this.#slugs = slugs;
    this.#urls = urls;
  }

  start(): void {
    this.#running = Promise.all([this.#vote(), this.#vote(), this.#read()]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #vote(): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const slug = this.#slugs[n % this.#slugs.length] as string;
      await this.#first(slug);
      if (n % secondBallotEvery === 0) await this.#second();
      await sleep(pauseMs);
    }
  }

  #any(): string {
    const urls = this.#urls();
    return urls[Math.floor(Math.random() * urls.length)] as string;
  }

  async #first(slug: string): Promise<void> {
    const body = { choices: ["1"], ballotId: randomUUID() };
    // The same ballot again, as a reader's page does it when its front goes away.
    let cookie: string | undefined;
    for (let attempt = 0; attempt < 40; attempt++) {
      const headers = cookie ? { Cookie: cookie } : {};
      const answer = await vote(this.#any(), slug, body, headers).catch(() => undefined);
      cookie ??= answer?.headers.get("set-cookie")?.split(";")[0];
      if (answer?.status === 202) {
        this.acknowledged.set(slug, (this.acknowledged.get(slug) ?? 0) + 1);
        if (cookie) this.#readers.push({ slug, cookie });
        return;
      }
      if (answer && answer.status < 500) {
        this.wrong.push(`a first ballot is answered ${answer.status}: ${await answer.text()}`);
        return;
      }
      await sleep(100);
    }
    this.wrong.push("a first ballot is never accepted");
  }

  async #second(): Promise<void> {
    const reader = this.#readers[Math.floor(Math.random() * this.#readers.length)];
    if (!reader) return;
    const body = { choices: ["2"], ballotId: randomUUID() };
    const headers = { Cookie: reader.cookie };
    const answer = await vote(this.#any(), reader.slug, body, headers).catch(() => undefined);
    if (answer?.status === 409) this.secondsRefused += 1;
    else if (answer && answer.status < 500) {
      this.wrong.push(`a second ballot is answered ${answer.status}`);
    }
  }

  /** Reads every poll's results from every front; each front may be behind another one. */
  async #read(): Promise<void> {
    const highest = new Map<string, number>();
    while (!this.#stopped) {
      for (const url of this.#urls()) {
        for (const slug of this.#slugs) {
          const path = `${url}/api/polls/${slug}/results`;
          const answer = await fetch(path).catch(() => undefined);
          if (answer?.status !== 200) continue;
          const { ballots } = (await answer.json()) as { ballots: number };
          const before = highest.get(path) ?? 0;
          if (ballots < before) this.wrong.push(`${slug} went from ${before} to ${ballots}`);
          highest.set(path, ballots);
        }
      }
      await sleep(readEveryMs);
    }
  }
}
