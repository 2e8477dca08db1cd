/** The peer: what a queue in Redis would cost that a newsroom builds in an afternoon, beside Floodgate's front. */
import { Child } from "#scripts/services/child.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import { findProgram } from "#scripts/services/programs.ts";
import { createPoll } from "#test/support/ledger.ts";
import type { Process } from "#test/support/site.ts";
import type { Effort, Figure, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import {
  type Beside,
  type Driven,
  describeDriven,
  drive,
  perSecond,
  startFloor,
  startPeer,
} from "../load/drive.ts";
import { voteHead, votes } from "../load/heads.ts";
import type { Report } from "../load/job.ts";
import { startSite } from "../site.ts";
import { allCosts } from "../vote-costs.ts";
import { describeVotes, VoteLoad } from "../vote-load.ts";

const connections = 128;
const floor = "bare node:http's CPU a request";
const peerCpu = "peer's CPU a vote";
const peerAll = "peer, all CPU a vote";

/** A Redis without persistence, on loopback. */
async function startRedis(program: string): Promise<Beside> {
  const port = await freePort();
  const options = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  const child = new Child("redis", program, options);
  await waitUntil("redis", () => portAnswers(port), { gaveUp: () => child.diedBecause });
  return { port, pid: child.pid, stop: () => child.stop() };
}

/** One server beside the site, that answers votes with 202. */
async function driveVotes(at: Beside, redis: Beside, { warmUpMs, measureMs }: Effort) {
  const load = { connections, warmUpMs, measureMs, head: voteHead("peer"), ...votes };
  const made = await drive(at.port, load, { server: [at.pid], redis: [redis.pid] });
  const wrong = Object.keys(made.report.statuses).filter(status => status !== "202");
  if (wrong.length > 0) throw new Error(`votes were answered ${wrong.join()}`);
  return made;
}

const used = ({ cpuUs, report }: Driven<Report>, group: string) =>
  (cpuUs[group] ?? 0) / report.counted;

class Comparison {
  readonly seen: Rounds;
  readonly #effort: Effort;

  constructor(effort: Effort, say: (line: string) => void) {
    this.seen = new Rounds(say);
    this.#effort = effort;
  }

  async run(bare: Beside, server: Beside, redis: Beside, load: VoteLoad, front: Process) {
    const { seen } = this;
    const describe = (made: Driven<Report>) =>
      `${describeDriven(made)}, ${used(made, "server").toFixed(1)} µs a vote`;
    const drive = (at: Beside) => () => driveVotes(at, redis, this.#effort);
    const nothing = await seen.measure("bare node:http", drive(bare), describe);
    seen.add(floor, used(nothing, "server"), nothing);
    const peers = await seen.measure("peer", drive(server), describe);
    seen.add("peer", perSecond(peers.report), peers);
    seen.add(peerCpu, used(peers, "server"), peers);
    seen.add("Redis's CPU a vote", used(peers, "redis"), peers);
    const all = used(peers, "server") + used(peers, "redis");
    seen.add(peerAll, all + peers.report.cpuUs / peers.report.counted, peers);
    const { warmUpMs, measureMs } = this.#effort;
    const attempt = () => load.round(front, { connections, warmUpMs, measureMs });
    const ours = await seen.measure("Floodgate", attempt, describeVotes);
    seen.add("Floodgate", perSecond(ours.report), ours);
    seen.add("front's CPU a vote", ours.costs.front, ours);
    seen.add("Floodgate, all CPU a vote", allCosts(ours.costs), ours);
  }

  figures(): Figure[] {
    const { seen } = this;
    return [
      seen.figure(floor, "µs"),
      seen.figure(peerCpu, "µs", { floor }),
      seen.figure("front's CPU a vote", "µs", { floor: peerCpu }),
      seen.figure("Redis's CPU a vote", "µs"),
      seen.figure(peerAll, "µs"),
      seen.figure("Floodgate, all CPU a vote", "µs", {
        floor: peerAll,
        note: "with worker and MariaDB, which the peer does not have",
      }),
      seen.figure("peer", "/s", { note: "it stores nothing on disk and shows no results" }),
      seen.figure("Floodgate", "/s", { floor: "peer" }),
    ];
  }
}

async function compare(effort: Effort, say: (line: string) => void, program: string) {
  const site = await startSite();
  const servers: Beside[] = [];
  const keep = (server: Beside): Beside => {
    servers.push(server);
    return server;
  };
  try {
    const redis = keep(await startRedis(program));
    const bare = keep(await startFloor("post"));
    const server = keep(await startPeer(redis.port));
    const [front] = site.fronts;
    if (!front) throw new Error("no front");
    const load = new VoteLoad(site, await createPoll(site));
    const run = new Comparison(effort, say);
    for (let round = 0; round < effort.rounds; round++) {
      await run.run(bare, server, redis, load, front);
    }
    return { books: await load.books(), attempts: run.seen.attempts, figures: run.figures() };
  } finally {
    await Promise.all(servers.map(server => server.stop()));
    await site.stop();
  }
}

export const peer: Scenario = {
  name: "peer",
  title: "A peer: node:http and a queue in Redis",
  run: async (effort, say) => {
    const program = findProgram("redis-server");
    if (program) return compare(effort, say, program);
    return { figures: [], leftOut: "redis-server is not installed" };
  },
};
