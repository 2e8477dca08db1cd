/**
 * What a round of the group commit costs a front: at a low rate few votes share one, in saturation very many do. The
 * difference of both is the cost of rounds, which several processes or a slow evening pay again and again.
 */
import type { RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";
import { createPoll } from "#test/support/ledger.ts";
import type { Process, Site } from "#test/support/site.ts";
import type { Effort, Figure, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { startSpan } from "../meter.ts";
import { startSite } from "../site.ts";
import { costOfRound } from "../vote-costs.ts";
import { VoteLoad, type VoteRound } from "../vote-load.ts";

const connections = 128;
const processes = 4;
const lowRate = 300;
const middleRate = 2_500;
const saturated = "saturated, 1 process";

interface Shape {
  readonly name: string;
  readonly front: Process;
  /** Votes a second of all its processes; absent: as many as are answered. */
  readonly rate?: number;
}

interface Shared extends VoteRound {
  /** The front's CPU time for one vote without what it uses while idle, in microseconds. */
  readonly voteUs: number;
  readonly votesARound: number;
}

interface BatchesRow extends RowDataPacket {
  readonly batches: number;
}

/** Rounds that wrote a poll's ballots: each makes one batch of them. */
async function batchesOf(site: Site, slug: string): Promise<number> {
  const [row] = await site.query<BatchesRow>(
    `SELECT COUNT(DISTINCT batch_id) AS batches FROM floodgate.ballots
     JOIN floodgate.polls ON polls.id = poll_id WHERE slug = ?`,
    [slug],
  );
  return Number(row?.batches ?? 0);
}

const describeShared = ({ voteUs, votesARound }: Shared) =>
  `front ${voteUs.toFixed(1)} µs a vote, ${votesARound.toFixed(1)} votes a round`;

class RoundCosts {
  readonly seen: Rounds;
  readonly #site: Site;
  readonly #effort: Effort;
  readonly #shapes: readonly Shape[];

  constructor(site: Site, shapes: readonly Shape[], effort: Effort, say: (line: string) => void) {
    this.seen = new Rounds(say);
    this.#site = site;
    this.#shapes = shapes;
    this.#effort = effort;
  }

  async run(): Promise<void> {
    const idleUs = new Map<Process, number>();
    for (const { name, front } of this.#shapes) {
      if (!idleUs.has(front)) idleUs.set(front, await this.#idle(name, front));
    }
    let base: Shared | undefined;
    for (const shape of this.#shapes) {
      const { name, front } = shape;
      const attempt = () => this.#once(shape, idleUs.get(front) ?? 0);
      const kept = await this.seen.measure(name, attempt, describeShared);
      this.seen.add(`${name}: front's CPU a vote`, kept.voteUs, kept);
      this.seen.add(`${name}: votes a round`, kept.votesARound, kept);
      base ??= kept;
      if (kept !== base) this.seen.add(`${name}: CPU a round`, costOfRound(kept, base), kept);
    }
  }

  /** CPU time that a front uses in a second without any vote. */
  async #idle(shape: string, front: Process): Promise<number> {
    const attempt = async () => {
      const end = startSpan({ front: [front.child.pid] });
      await sleep(this.#effort.measureMs);
      const { cpuUs, ms, others } = end();
      return { others, idleUs: ((cpuUs.front ?? 0) * 1000) / ms };
    };
    const kept = await this.seen.measure(
      `idle front of "${shape}"`,
      attempt,
      ({ idleUs }) => `${(idleUs / 1000).toFixed(1)} ms a second`,
    );
    return kept.idleUs;
  }

  async #once({ front, rate }: Shape, idleUs: number): Promise<Shared> {
    const { warmUpMs, measureMs } = this.#effort;
    const load = new VoteLoad(this.#site, await createPoll(this.#site));
    // The kernel counts CPU time in steps of 10 ms, and a low rate uses little of it.
    const job =
      rate === undefined
        ? { connections, warmUpMs, measureMs }
        : { connections, warmUpMs, measureMs: measureMs * 2, rate };
    const round = await load.round(front, job);
    const { report, ms, cpuUs } = round;
    return {
      ...round,
      voteUs: ((cpuUs.front ?? 0) - (idleUs * ms) / 1000) / report.counted,
      votesARound: report.answered / (await batchesOf(this.#site, load.slug)),
    };
  }

  figures(): Figure[] {
    const floor = `${saturated}: front's CPU a vote`;
    return this.#shapes.flatMap(({ name, rate }) => [
      this.seen.figure(`${name}: front's CPU a vote`, "µs", rate === undefined ? {} : { floor }),
      this.seen.figure(`${name}: votes a round`, "votes"),
      ...(rate === undefined ? [] : [this.seen.figure(`${name}: CPU a round`, "µs")]),
    ]);
  }
}

export const rounds: Scenario = {
  name: "rounds",
  title: "Rounds of the group commit: what one costs at low rates",
  run: async (effort, say) => {
    const site = await startSite();
    try {
      const several = await site.addFront({ FLOODGATE_FRONT_PROCESSES: String(processes) });
      const [one] = site.fronts;
      if (!one) throw new Error("no front");
      const each = `${processes} processes, ${lowRate}/s each`;
      const shapes = [
        { name: saturated, front: one },
        { name: `1 process, ${middleRate}/s`, front: one, rate: middleRate },
        { name: `1 process, ${lowRate}/s`, front: one, rate: lowRate },
        { name: each, front: several, rate: lowRate * processes },
      ];
      const costs = new RoundCosts(site, shapes, effort, say);
      for (let round = 0; round < effort.rounds; round++) await costs.run();
      return { attempts: costs.seen.attempts, figures: costs.figures() };
    } finally {
      await site.stop();
    }
  },
};
