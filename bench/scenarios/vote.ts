/** Votes: their CPU time, votes a second in a closed loop, and latency at a fixed rate, beside three floors. */
import { createPoll, results } from "#test/support/ledger.ts";
import { type NextStart, startNext } from "#test/support/next-start.ts";
import type { Process, Site } from "#test/support/site.ts";
import type { Effort, Figure, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { type Beside, describeDriven, drive, perSecond, startFloor } from "../load/drive.ts";
import { browserVoteHead, getRequest, voteHead, votes } from "../load/heads.ts";
import { startSite } from "../site.ts";
import { allCosts, parts } from "../vote-costs.ts";
import { describeVotes, type VoteJob, VoteLoad } from "../vote-load.ts";

const connections = 128;
const fixedRate = 5_000;
/** More than a front can take: no returning voter may come twice. */
const cookiesPerSecond = 40_000;

const bare = "bare node:http";
const bareCpu = "bare node:http's CPU a request";
const frontCpu = "front's CPU a vote";
const pipeline = "Next's pipeline, empty route";
const plainRate = "votes, 1 process";
const headersCpu = "front's CPU, a browser's 14 headers";
const cookieCpu = "front's CPU, 14 headers and a cookie";

/** Everything that takes requests in this scenario. */
interface Servers {
  readonly site: Site;
  readonly bare: Beside;
  readonly adapter: Beside;
  readonly next: NextStart;
  readonly one: Process;
  readonly two: Process;
}

class VoteRounds {
  readonly seen: Rounds;
  readonly #servers: Servers;
  readonly #effort: Effort;
  readonly #load: VoteLoad;
  readonly #browser: VoteJob;
  readonly #returning: VoteJob;

  constructor(
    servers: Servers,
    effort: Effort,
    load: VoteLoad,
    edition: string,
    say: (line: string) => void,
  ) {
    const { one, site } = servers;
    const { warmUpMs, measureMs } = effort;
    const publicUrl = `http://localhost:${one.port}`;
    const count = Math.ceil(((warmUpMs + measureMs) / 1000) * cookiesPerSecond);
    const secret = site.env.FLOODGATE_SECRET ?? "";
    this.seen = new Rounds(say);
    this.#servers = servers;
    this.#effort = effort;
    this.#load = load;
    this.#browser = { ...this.#job, head: browserVoteHead(publicUrl, load.slug, edition) };
    this.#returning = { ...this.#browser, cookies: { secret, publicUrl, count } };
  }

  get #job() {
    const { warmUpMs, measureMs } = this.#effort;
    return { connections, warmUpMs, measureMs };
  }

  /** One round of everything; what is compared stands side by side. */
  async run(): Promise<void> {
    const { one, two, bare: floor, adapter, next } = this.#servers;
    const floorVote = voteHead("floor");
    await this.#server(bare, floor, floorVote, bareCpu);
    await this.#votes(plainRate, one, this.#job, frontCpu);
    await this.#votes("votes with a browser's 14 headers", one, this.#browser, headersCpu);
    await this.#votes("votes of returning voters", one, this.#returning, cookieCpu);
    await this.#votes("votes, 2 processes", two, this.#job, "front's CPU, 2 processes");
    await this.#server("thin adapter", adapter, floorVote, "thin adapter's CPU a request");
    await this.#server(pipeline, next, getRequest("/healthz"));
    await this.#server("Next's pipeline, vote", next, voteHead(this.#load.slug));
    await this.#atFixedRate("1 process", one);
    await this.#atFixedRate("2 processes", two);
  }

  async #server(name: string, at: Beside, head: string, cpuName?: string): Promise<void> {
    const ballots = head.startsWith("POST") ? votes : {};
    const attempt = async () => {
      const made = await drive(at.port, { ...this.#job, head, ...ballots }, { server: [at.pid] });
      if (head === voteHead(this.#load.slug)) this.#load.add(made.report);
      const wrong = Object.keys(made.report.statuses).filter(status => !/^20[02]$/.test(status));
      if (wrong.length > 0) throw new Error(`${name} answered ${wrong.join()}`);
      return made;
    };
    const cost = (made: Awaited<ReturnType<typeof attempt>>) =>
      (made.cpuUs.server ?? 0) / made.report.counted;
    const kept = await this.seen.measure(
      name,
      attempt,
      made => `${describeDriven(made)}, ${cost(made).toFixed(1)} µs a request`,
    );
    this.seen.add(name, perSecond(kept.report), kept);
    if (cpuName) this.seen.add(cpuName, cost(kept), kept);
  }

  async #votes(name: string, front: Process, job: VoteJob, cpuName: string): Promise<void> {
    const attempt = () => this.#load.round(front, job);
    const kept = await this.seen.measure(name, attempt, describeVotes);
    this.seen.add(name, perSecond(kept.report), kept);
    this.seen.add(cpuName, kept.costs.front, kept);
    if (name !== plainRate) return;
    this.seen.add("all CPU a vote", allCosts(kept.costs), kept);
    for (const part of parts) this.seen.add(`of it ${part}`, kept.costs[part], kept);
  }

  async #atFixedRate(name: string, front: Process): Promise<void> {
    const whole = `${name} at ${fixedRate}/s`;
    const attempt = () => this.#load.round(front, { ...this.#job, rate: fixedRate });
    const kept = await this.seen.measure(whole, attempt, describeVotes);
    this.seen.add(`${whole} p50`, kept.report.p50Ms, kept);
    this.seen.add(`${whole} p99`, kept.report.p99Ms, kept);
  }

  /** First what a shared machine distorts least. */
  figures(): Figure[] {
    const { seen } = this;
    const fixed = ["1 process", "2 processes"].flatMap(name =>
      ["p50", "p99"].map(which => seen.figure(`${name} at ${fixedRate}/s ${which}`, "ms")),
    );
    return [
      seen.figure(bareCpu, "µs"),
      seen.figure(frontCpu, "µs", { floor: bareCpu, atMostTimes: 1.6 }),
      seen.figure(plainRate, "/s", { floor: bare, atLeast: 0.65 }),
      seen.figure("all CPU a vote", "µs", {
        floor: bareCpu,
        atMostTimes: 2.8,
        note: "the generator included; worker and MariaDB until the last vote is stored",
      }),
      { ...seen.figure(plainRate, "/s", { floor: pipeline, atLeast: 26 }), name: "the same votes" },
      seen.figure(headersCpu, "µs", { floor: frontCpu }),
      seen.figure(cookieCpu, "µs", { floor: frontCpu, atMostTimes: 1.15 }),
      seen.figure("front's CPU, 2 processes", "µs", { floor: frontCpu }),
      ...parts.map(part => seen.figure(`of it ${part}`, "µs")),
      seen.figure("thin adapter's CPU a request", "µs", { floor: bareCpu }),
      seen.figure(bare, "/s"),
      seen.figure("thin adapter", "/s", { floor: bare }),
      seen.figure(pipeline, "/s", { floor: bare }),
      seen.figure("Next's pipeline, vote", "/s", { floor: bare }),
      seen.figure("votes with a browser's 14 headers", "/s", { floor: bare }),
      seen.figure("votes of returning voters", "/s", { floor: bare }),
      seen.figure("votes, 2 processes", "/s", { floor: bare }),
      ...fixed,
    ];
  }
}

export const vote: Scenario = {
  name: "vote",
  title: "Votes, end to end with the worker running",
  run: async (effort, say) => {
    const site = await startSite();
    const stops: (() => Promise<void>)[] = [];
    const stopping = <S extends { readonly stop: () => Promise<void> }>(server: S): S => {
      stops.push(server.stop);
      return server;
    };
    try {
      const bareServer = stopping(await startFloor("post"));
      const adapter = stopping(await startFloor("adapter"));
      const next = stopping(await startNext(site));
      const two = await site.addFront({ FLOODGATE_FRONT_PROCESSES: "2" });
      const [one] = site.fronts;
      if (!one) throw new Error("no front");
      const load = new VoteLoad(site, await createPoll(site));
      const { edition } = await results(site, load.slug);
      const servers = { site, bare: bareServer, adapter, next, one, two };
      const run = new VoteRounds(servers, effort, load, edition, say);
      for (let round = 0; round < effort.rounds; round++) await run.run();
      return {
        books: await load.books(),
        attempts: run.seen.attempts,
        figures: run.figures(),
      };
    } finally {
      await Promise.all(stops.map(stop => stop()));
      await site.stop();
    }
  },
};
