/** The queue alone: ballots a second by producers, size of batch, copies, and homes. */
import { startMemcached } from "#scripts/services/memcached.ts";
import type { Effort, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { produce } from "../load/produce.ts";

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

async function measure(
  shape: Shape,
  ports: readonly number[],
  { measureMs }: Effort,
  seen: Rounds,
) {
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
  const rate = reports.reduce((sum, { ballots, ms }) => sum + (ballots * 1000) / ms, 0);
  seen.add(nameOf(shape), rate);
  seen.add(`${nameOf(shape)}: round p50`, Math.max(...reports.map(({ p50Ms }) => p50Ms)));
  seen.add(`${nameOf(shape)}: round p99`, Math.max(...reports.map(({ p99Ms }) => p99Ms)));
}

export const queue: Scenario = {
  name: "queue",
  title: "The queue alone: producers, batches, copies",
  run: async (effort, say) => {
    const seen = new Rounds();
    for (let round = 0; round < effort.rounds; round++) {
      for (const shape of shapes) {
        // Nothing flushes the queue: each shape begins with empty servers.
        const servers = await Promise.all([1, 2].map(() => startMemcached({ memoryMb: 1024 })));
        try {
          await measure(
            shape,
            servers.map(({ port }) => port),
            effort,
            seen,
          );
        } finally {
          await Promise.all(servers.map(({ child }) => child.stop()));
        }
        say(`${nameOf(shape)}: ${Math.round(seen.median(nameOf(shape)))} ballots/s`);
      }
    }
    return {
      figures: [
        ...shapes.map(shape => seen.figure(nameOf(shape), "ballots/s")),
        ...shapes.flatMap(shape =>
          ["p50", "p99"].map(which => seen.figure(`${nameOf(shape)}: round ${which}`, "ms")),
        ),
      ],
    };
  },
};
