/** Votes on one poll of a site: what each costs, and the books of all rounds together. */
import type { Process, Site } from "#test/support/site.ts";
import type { Balance } from "./figures.ts";
import { type Driven, describeDriven, drive } from "./load/drive.ts";
import { voteHead, votes } from "./load/heads.ts";
import type { Job, Report } from "./load/job.ts";
import { startSpan } from "./meter.ts";
import { balance, readBooks, waitForTotals } from "./site.ts";
import { allCosts, type VoteCosts, voteCosts } from "./vote-costs.ts";

const storedWithinMs = 240_000;

export interface VoteRound extends Driven<Report> {
  readonly costs: VoteCosts;
}

export type VoteJob = Pick<Job, "connections" | "warmUpMs" | "measureMs"> &
  Partial<Pick<Job, "rate" | "head" | "cookies">>;

/** A round in a few words. */
export const describeVotes = (round: VoteRound) =>
  `${describeDriven(round)}, front ${round.costs.front.toFixed(1)} µs a vote, all ${allCosts(round.costs).toFixed(1)} µs`;

export class VoteLoad {
  readonly slug: string;
  readonly #site: Site;
  #accepted = 0;
  #unanswered = 0;

  constructor(site: Site, slug: string) {
    this.#site = site;
    this.slug = slug;
  }

  /**
   * Votes at one front, and waits until all of them are in MySQL.
   *
   * @throws Error when a vote was answered anything but 202.
   */
  async round(front: Pick<Process, "child" | "port">, job: VoteJob): Promise<VoteRound> {
    const { workers, memcached, database } = this.#site;
    const endStoring = startSpan({
      worker: workers.map(({ child }) => child.pid),
      MariaDB: [database.child.pid],
    });
    const load = { head: voteHead(this.slug), ...votes, ...job };
    const driven = await drive(front.port, load, {
      front: [front.child.pid],
      memcached: memcached.map(({ child }) => child.pid),
    });
    const { report } = driven;
    this.add(report);
    const wrong = Object.keys(report.statuses).filter(status => status !== "202");
    if (wrong.length > 0) throw new Error(`votes were answered ${JSON.stringify(report.statuses)}`);
    await waitForTotals(this.#site, this.slug, this.#accepted, storedWithinMs);
    const stored = endStoring();
    const costs = voteCosts({
      counted: report.counted,
      whileCounted: {
        front: driven.cpuUs.front ?? 0,
        memcached: driven.cpuUs.memcached ?? 0,
        generator: report.cpuUs,
      },
      accepted: report.answered,
      untilStored: { worker: stored.cpuUs.worker ?? 0, MariaDB: stored.cpuUs.MariaDB ?? 0 },
    });
    return { ...driven, costs };
  }

  /** Counts votes that came another way. */
  add(report: Pick<Report, "statuses" | "sent" | "answered">): void {
    this.#accepted += report.statuses["202"] ?? 0;
    this.#unanswered += report.sent - report.answered;
  }

  async books(): Promise<Balance> {
    await this.#site.drained(120_000);
    return balance(this.#accepted, this.#unanswered, await readBooks(this.#site, this.slug));
  }
}
