/** The faults of a simulated site: what happens, to what, and for how long. Each leaves the site whole again. */
import type { Ledger } from "./ledger.ts";
import type { CommitFault } from "./mysql/fake-mysql.ts";
import type { MemcachedNetwork } from "./network.ts";
import type { FrontProgram, WorkerProgram } from "./programs.ts";
import type { World } from "./world.ts";

/** What faults are made to. */
export interface Site {
  readonly world: World;
  readonly ledger: Ledger;
  readonly fronts: readonly FrontProgram[];
  readonly workers: readonly WorkerProgram[];
  readonly keepMs: number;
  /** When everything was set up, by MySQL's clock: no backup is older. */
  readonly readyMs: number;
  /** An editor makes a poll. */
  readonly newPoll: () => void;
}

export interface FaultKind {
  readonly name: string;
  /** Makes the fault, and arranges for its end. Gives the time until then, in milliseconds. */
  readonly make: (site: Site) => number;
  /** What it takes to be possible. */
  readonly needs?: (site: Pick<Site, "keepMs">) => boolean;
}

type Random = World["simulation"];

const some = ({ simulation }: World, min: number, max: number) => simulation.between(min, max);

/** Puts a server into another state for a while. */
function forAWhile(world: World, ms: number, end: () => void): number {
  world.simulation.after(ms, end, world.simulation.surroundings);
  return ms;
}

const anyServer = ({ world }: Site): MemcachedNetwork => world.simulation.pick(world.memcached);

const ofMemcached: readonly FaultKind[] = [
  {
    name: "memcached forgets everything",
    make: site => {
      anyServer(site).server.flush();
      site.ledger.noteLosses("memcached's loss of memory");
      return 0;
    },
  },
  {
    name: "memcached killed, and back empty",
    make: site => {
      const server = anyServer(site);
      server.kill();
      site.ledger.noteLosses("memcached's end");
      return forAWhile(site.world, some(site.world, 50, 4_000), () => server.set("up"));
    },
  },
  {
    name: "memcached cut off",
    make: site => {
      const server = anyServer(site);
      server.set("refusing");
      return forAWhile(site.world, some(site.world, 200, 6_000), () => server.set("up"));
    },
  },
  {
    name: "memcached silent",
    make: site => {
      const server = anyServer(site);
      server.set("silent");
      return forAWhile(site.world, some(site.world, 100, 5_000), () => server.set("up"));
    },
  },
  {
    name: "memcached slow",
    make: site => {
      const server = anyServer(site);
      server.slow = true;
      return forAWhile(site.world, some(site.world, 500, 5_000), () => {
        server.slow = false;
      });
    },
  },
  {
    name: "connection to memcached cut",
    make: site => {
      anyServer(site).cutOne();
      return 0;
    },
  },
];

const ofPrograms: readonly FaultKind[] = [
  {
    name: "front killed",
    make: ({ world, ledger, fronts }) => {
      const front = world.simulation.pick(fronts);
      front.kill();
      ledger.noteLosses("the front's end");
      return forAWhile(world, some(world, 100, 4_000), () => front.start());
    },
  },
  {
    name: "front stands still",
    make: ({ world, fronts }) => {
      const ms = some(world, 300, 15_000);
      world.simulation.pick(fronts).pause(ms);
      return ms;
    },
  },
  {
    name: "front restarted",
    make: ({ world, ledger, fronts }) => {
      const front = world.simulation.pick(fronts);
      if (!front.cast) return 0;
      front.shutDown(() => {
        ledger.noteLosses("the front's end");
        world.simulation.after(100, () => front.start(), world.simulation.surroundings);
      });
      return 25_000;
    },
  },
  {
    name: "worker killed",
    make: ({ world, workers }) => {
      const worker = world.simulation.pick(workers);
      worker.kill();
      return forAWhile(world, some(world, 50, 3_000), () => worker.start());
    },
  },
  {
    name: "worker stands still",
    make: ({ world, workers }) => {
      const ms = some(world, 300, 10_000);
      world.simulation.pick(workers).pause(ms);
      return ms;
    },
  },
  {
    name: "a machine's clock jumps",
    make: ({ world, fronts, workers }) => {
      if (world.mysqlMachine.clockAheadMs !== 0 || world.memcachedMachine.clockAheadMs !== 0)
        return 0;
      world.simulation.pick([...fronts, ...workers]).machine.clockAheadMs = anySkew(
        world.simulation,
      );
      return 0;
    },
  },
];

/** From seconds to hours, both ways. */
export function anySkew(simulation: Random): number {
  const far = simulation.pick([3_000, 20_000, 600_000, 7_200_000]);
  return Math.round(simulation.between(0.5, 1) * far * (simulation.chance(0.5) ? 1 : -1));
}

/** Numbers that no list of the product names, and read-only. */
const unknownErrors = [1047, 1105, 1180, 1290, 1637, 1836, 3101, 3168, 4031];

/** Statements meet an error with some probability, for a while; every statement, or one that is named. */
function errors(
  site: Site,
  errnos: readonly number[],
  probability: number,
  ms: number,
  only?: string,
): number {
  const { simulation, mysql } = site.world;
  mysql.server.errorFor = name =>
    (only ?? name) === name && simulation.chance(probability) ? simulation.pick(errnos) : undefined;
  return forAWhile(site.world, ms, () => {
    mysql.server.errorFor = () => undefined;
  });
}

/** MySQL is at an earlier state, and away for a moment. */
function goBack(site: Site, lagMs: number, isRestore: boolean): number {
  const { world, ledger, readyMs } = site;
  const { mysql, history, simulation } = world;
  const toMs = Math.max(readyMs, mysql.server.options.nowMs() - lagMs);
  mysql.set("refusing");
  const undone = mysql.server.goBackTo(toMs);
  if (undone > 0) history.count("state: MySQL lost commits");
  history.note("mysql", `is as it was ${Math.round(lagMs)} ms ago, without ${undone} commits`);
  if (isRestore && simulation.chance(0.6))
    mysql.server.beginGeneration(String(simulation.random()), toMs);
  ledger.noteLosses(isRestore ? "the restore" : "the failover");
  const endsInMs = forAWhile(world, some(world, 50, 2_000), () => mysql.set("up"));
  if (isRestore && simulation.chance(0.7)) {
    simulation.after(endsInMs + some(world, 20, 2_000), site.newPoll, simulation.surroundings);
  }
  return endsInMs + 2_500;
}

/** Not a fault: a poll that a restore may take away. */
export const pollMade: FaultKind = {
  name: "a poll is made",
  make: site => {
    site.newPoll();
    return 1_000;
  },
};

export const restored = "backup restored";

const ofMysql: readonly FaultKind[] = [
  {
    name: "mysql silent",
    make: ({ world }) => {
      world.mysql.set("silent");
      return forAWhile(world, some(world, 200, 6_000), () => world.mysql.set("up"));
    },
  },
  {
    name: "mysql killed, and back",
    make: ({ world }) => {
      world.mysql.set("refusing");
      return forAWhile(world, some(world, 200, 5_000), () => world.mysql.set("up"));
    },
  },
  {
    name: "mysql's connections cut",
    make: ({ world }) => {
      world.mysql.dropAll();
      return 0;
    },
  },
  {
    name: "mysql read-only",
    make: ({ world }) => {
      world.mysql.server.readOnly = true;
      return forAWhile(world, some(world, 200, 5_000), () => {
        world.mysql.server.readOnly = false;
      });
    },
  },
  {
    name: "no LOAD DATA LOCAL",
    make: ({ world }) => {
      world.mysql.server.localInfile = false;
      return forAWhile(world, some(world, 200, 5_000), () => {
        world.mysql.server.localInfile = true;
      });
    },
  },
  {
    name: "unknown error numbers",
    make: site =>
      errors(
        site,
        unknownErrors,
        site.world.simulation.pick([0.1, 0.5, 1]),
        some(site.world, 100, 3_000),
        site.world.simulation.pick([undefined, "ballots.insert", "ballots.load"]),
      ),
  },
  {
    name: "deadlocks",
    make: site => errors(site, [1213, 1205], 0.2, some(site.world, 300, 3_000)),
  },
  {
    name: "answers to COMMIT lost",
    make: ({ world }) => {
      const { simulation, mysql } = world;
      let left = simulation.integer(1, 4);
      mysql.server.commitFault = () => {
        if (left === 0 || simulation.chance(0.5)) return undefined;
        left -= 1;
        const fault: CommitFault = simulation.pick(["lost before", "lost after"]);
        world.history.count(`state: COMMIT ${fault}`);
        return fault;
      };
      return forAWhile(world, some(world, 500, 4_000), () => {
        mysql.server.commitFault = () => undefined;
      });
    },
  },
  {
    name: "failover to a replica that lags",
    needs: ({ keepMs }) => keepMs > 0,
    make: site => goBack(site, some(site.world, 50, 4_000), false),
  },
  {
    name: restored,
    make: site => goBack(site, some(site.world, 1_000, 12_000), true),
  },
];

export const faultKinds: readonly FaultKind[] = [
  ...ofMemcached,
  ...ofPrograms,
  ...ofMysql,
  pollMade,
];
