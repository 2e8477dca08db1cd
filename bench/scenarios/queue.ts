/** The queue alone: ballots a second by producers, size of batch, copies, and homes. */
import { startMemcached } from "#scripts/services/memcached.ts";
import type { Effort, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { produce } from "../load/produce.ts";
import { beside } from "../meter.ts";
import type { Attempt } from "../others.ts";

interface Shape {
  readonly producers: number;
  readonly batch: number;
  readonly copies: number;
  /** All producers share one home and contend for its lock, instead of one home each. */
  readonly oneHome?: boolean;
}

const shapes: readonly Shape[] = [
  { producers: 1, batch: 1, copies: 1 },
  { producers: 1, batch: 50, copies: 1 },
  { producers: 1, batch: 500, copies: 1 },
  { producers: 2, batch: 50, copies: 1 },
  { producers: 4, batch: 50, copies: 1 },
  { producers: 4, batch: 50, copies: 1, oneHome: true },
  { producers: 1, batch: 50, copies: 2 },
  { producers: 2, batch: 50, copies: 2 },
];

const nameOf = ({ producers, batch, copies, oneHome }: Shape) =>
  `${producers} × ${batch} a batch, ${copies === 1 ? "1 copy" : "2 copies"}${oneHome ? ", one home" : ""}`;

interface Measured {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function produceAll(
  shape: Shape,
  ports: readonly number[],
  { measureMs }: Effort,
): Promise<Measured> {
  const reports = await Promise.all(
    Array.from({ length: shape.producers }, (_, index) =>
      produce({
        ports: ports.slice(0, shape.copies),
        home: shape.oneHome ? 0 : index,
        batch: shape.batch,
        ms: measureMs / 2,
        pollId: 1,
      }),
    ),
  );
  return {
    rate: reports.reduce((sum, { ballots, ms }) => sum + (ballots * 1000) / ms, 0),
    p50Ms: Math.max(...reports.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...reports.map(({ p99Ms }) => p99Ms)),
  };
}

/** Nothing flushes the queue: each attempt begins with empty servers. */
async function onEmptyServers(shape: Shape, effort: Effort): Promise<Measured & Attempt> {
  const servers = await Promise.all([1, 2].map(() => startMemcached({ memoryMb: 1024 })));
  try {
    const ports = servers.map(({ port }) => port);
    const { made, others } = await beside(() => produceAll(shape, ports, effort));
    return { ...made, others };
  } finally {
    await Promise.all(servers.map(({ child }) => child.stop()));
  }
}

export const queue: Scenario = {
  name: "queue",
  title: "The queue alone: producers, batches, copies",
  run: async (effort, say) => {
    const seen = new Rounds(say);
    for (let round = 0; round < effort.rounds; round++) {
      for (const shape of shapes) {
        const name = nameOf(shape);
        const kept = await seen.measure(
          name,
          () => onEmptyServers(shape, effort),
          ({ rate }) => `${Math.round(rate)} ballots/s`,
        );
        seen.add(name, kept.rate, kept);
        seen.add(`${name}: round p50`, kept.p50Ms, kept);
        seen.add(`${name}: round p99`, kept.p99Ms, kept);
      }
    }
    return {
      attempts: seen.attempts,
      figures: [
        ...shapes.map(shape => seen.figure(nameOf(shape), "ballots/s")),
        ...shapes.flatMap(shape =>
          ["p50", "p99"].map(which => seen.figure(`${nameOf(shape)}: round ${which}`, "ms")),
        ),
      ],
    };
  },
};
