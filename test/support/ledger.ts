/**
 * The ledger of a test: drives a plan of ballots at a site, then says what was acknowledged, what is
 * stored, and whether the two agree. The assertions that every promise needs are here once.
 */
import assert from "node:assert/strict";
import type { Books } from "#lib/books/books.ts";
import { type Plan, planBallots } from "#scripts/loadtest/ballots.ts";
import { judge, readStored } from "#scripts/loadtest/database-books.ts";
import { Load, type LoadResult } from "#scripts/loadtest/run.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import type { Site } from "./site.ts";

export interface ResultsBody {
  readonly state: string;
  readonly edition: string;
  readonly version: number;
  readonly ballots: number;
  readonly options: readonly { readonly id: string; readonly votes: number }[];
}

export interface NewPoll {
  readonly options?: number;
  readonly choicesMin?: number;
  readonly choicesMax?: number;
  readonly opensAt?: string | null;
  readonly closesAt?: string;
  readonly mayChange?: boolean;
  readonly resultsTo?: string;
  readonly kind?: string;
  readonly question?: string;
  readonly slug?: string;
  readonly listed?: boolean;
}

let polls = 0;

/** Creates an open poll by the API and gives its slug. */
export async function createPoll(site: Site, poll: NewPoll = {}): Promise<string> {
  const { options = 4, ...rest } = poll;
  const response = await api(site, "POST", "/api/polls", {
    question: `Test poll ${++polls}?`,
    options: Array.from({ length: options }, (_, i) => ({ label: `Option ${i + 1}` })),
    opensAt: new Date(Date.now() - 1_000).toISOString(),
    ...rest,
  });
  assert.equal(response.status, 201, await response.clone().text());
  return ((await response.json()) as { slug: string }).slug;
}

/** A request with the first editor's token. */
export function api(site: Site, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(site.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${site.seeded.editor.apiToken}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Sends one ballot as a script would. */
export function vote(
  url: string,
  slug: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return postVote(url, slug, JSON.stringify(body), headers);
}

/** Sends whatever it is given to where votes are sent. */
export function postVote(
  url: string,
  slug: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/api/polls/${slug}/votes`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: body as string,
  });
}

/** The books of one poll; without a slug, of all together. */
export async function books(site: Site, slug?: string): Promise<Books> {
  const path = slug === undefined ? "/api/books" : `/api/polls/${slug}/books`;
  return (await (await api(site, "GET", path)).json()) as Books;
}

export async function results(site: Site, slug: string): Promise<ResultsBody> {
  const response = await fetch(`${site.url}/api/polls/${slug}/results`);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as ResultsBody;
}

export class Ledger {
  readonly site: Site;
  readonly slug: string;
  readonly plan: Plan;
  readonly #load: Load;
  #result: LoadResult | undefined;

  constructor(site: Site, slug: string, voters: number, front = site.fronts[0]) {
    this.site = site;
    this.slug = slug;
    const extra = Math.ceil(voters / 50);
    this.plan = planBallots(voters, voters, extra, extra, ["1", "2", "3", "4"]);
    this.#load = new Load({ url: new URL(front?.url ?? site.url), slug }, this.plan, 100);
  }

  /** Runs the load, and `during` beside it. */
  async run(
    connections: number,
    during: () => Promise<void> = async () => {},
  ): Promise<LoadResult> {
    const [result] = await Promise.all([this.#load.run(connections), during()]);
    this.#result = result;
    return result;
  }

  /** Resolves when this share of the plan has been taken up. */
  async reached(share: number): Promise<void> {
    const goal = this.plan.ballots.length * share;
    await waitUntil(`${share} of the load`, () => this.#load.progress >= goal);
  }

  /** Acknowledged ballots that were the first of their voter. */
  get acknowledged(): number {
    return this.#count("first", "acknowledged");
  }

  #count(purpose: string, state: string): number {
    return this.plan.ballots.filter(
      (ballot, i) => ballot.purpose === purpose && this.#result?.states[i] === state,
    ).length;
  }

  /**
   * Promises 1 to 3: every acknowledged ballot is stored once, nothing else is, one counts for each
   * voter, and tallies, totals and rows agree.
   */
  async assertBooks(): Promise<void> {
    await this.site.drained();
    const tally = await this.#quiescentTally();
    const stored = await readStored(this.site.database.url, this.slug);
    const sent = new Map(
      this.plan.ballots.flatMap((ballot, i) => {
        const acknowledged = this.#result?.states[i] === "acknowledged";
        const id = ballot.ballotId.replaceAll("-", "");
        return ballot.purpose === "first" ? [[id, { choice: ballot.choice, acknowledged }]] : [];
      }),
    );
    const votes = tally.options.reduce((sum, option) => sum + option.votes, 0);
    const verdict = judge(sent, stored, { ballots: tally.ballots, votes });
    assert.deepEqual(
      { ...verdict, recovered: 0 },
      { lost: 0, doubleCounted: 0, unexpected: 0, recovered: 0 },
    );
    assert.equal(stored.counted, stored.rows.size, "totals = rows");
    assert.equal(tally.ballots, stored.rows.size, "tallies = rows");
    for (const option of tally.options) {
      const rows = [...stored.rows.values()].filter(choice => choice === option.id).length;
      assert.equal(option.votes, rows, `votes of option ${option.id}`);
    }
  }

  /** Marks refuse second ballots. When memcached has lost the marks, MySQL still counts one ballot per voter. */
  assertDuplicatesRefused(): void {
    assert.equal(this.#count("duplicate", "acknowledged"), 0, "a second ballot was accepted");
  }

  /** The tally once it has stopped moving. */
  async #quiescentTally(): Promise<ResultsBody> {
    const rows = async () => (await readStored(this.site.database.url, this.slug)).rows.size;
    let last = await results(this.site, this.slug);
    await waitUntil(
      "quiescent tallies",
      async () => {
        last = await results(this.site, this.slug);
        return last.ballots === (await rows());
      },
      { withinMs: 20_000 },
    ).catch(() => {});
    return last;
  }
}
