/**
 * Mistakes that are planted into the product's source while the model is bundled, to see that the model finds them
 * (`docs/decisions/0012-faults-in-builds-of-their-own.md`). Each is one that a developer could make in good faith; some
 * were in the product.
 *
 * The model does not find these, because another guard makes them good, or because no run gets there: a slot that counts
 * as written in an epoch that has ended (it is replayed), a slot that overwrites a tombstone, marks without the ballot's
 * id, a load that is not taken back (the INSERTs after it know the rows of their batch).
 */
import { bugsOfFlush, bugsOfQueue, type Edit } from "#test/faults/planted.ts";

export interface PlantedMistake {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Another guard that makes the mistake good, taken away. */
  readonly guard?: readonly Edit[];
}

/** The model does not find them: see above. */
const onlyInFaults = new Set(["slots overwritten", "mark without the ballot's id"]);

/** Bugs of the fault tests that the model has to find as well. */
const alsoInFaults: readonly PlantedMistake[] = [...bugsOfFlush, ...bugsOfQueue].flatMap(
  ({ name, edits }) => {
    return edits && !onlyInFaults.has(name) ? [{ name, edits }] : [];
  },
);

const notWaitingForFronts: Edit = {
  file: "lib/flush/finalize.ts",
  from: "const waits = await deps.fronts.waitingFor(poll, readAtMs, nowMs);",
  to: "const waits = undefined as WaitingResult | undefined;",
};

const closedByOneClock: readonly Edit[] = [
  {
    file: "lib/flush/finalize.ts",
    from: "Math.min(readAtMs, deps.clock.nowMs() - (monotonicMs() - pass.startedMs))",
    to: "readAtMs",
  },
  {
    file: "lib/flush/finalize.ts",
    from: "closingPolls(deps.store, deps.clock.nowMs())",
    to: "closingPolls(deps.store, Date.UTC(9999, 0, 1))",
  },
];

export const plantedMistakes: readonly PlantedMistake[] = [
  ...alsoInFaults,
  {
    name: "a poll is final by the worker's clock",
    edits: [
      notWaitingForFronts,
      {
        file: "lib/flush/finalize.ts",
        from: "const { theirMs: nowMs, answeredMs } = await readDatabaseClock(deps.store);",
        to: "const [nowMs, answeredMs] = [Date.now(), monotonicMs()];",
      },
      ...closedByOneClock,
    ],
  },
  {
    name: "a poll is final without the fronts' word",
    edits: [notWaitingForFronts],
    guard: closedByOneClock,
  },
  {
    name: "a dead letter stays in the tallies",
    edits: [
      {
        file: "lib/flush/tally-corrections.ts",
        from: `if (!unbooked.has(ballot)) totals.add(ballot.pollId, "setAside", 1);
    corrections.addMoved(ballot, -1);`,
        to: 'if (!unbooked.has(ballot)) totals.add(ballot.pollId, "setAside", 1);',
      },
    ],
    guard: [
      {
        file: "lib/rebuild/reconcile.ts",
        from: "if (!(await equal(deps, poll, totals.get(poll.id)))) off.push(poll);",
        to: "await equal(deps, poll, totals.get(poll.id));",
      },
    ],
  },
  {
    name: "batches are remembered over a setback",
    edits: [{ file: "lib/flush/open-queues.ts", from: "this.#deps.recent.clear();", to: "" }],
  },
  {
    name: "a lower checkpoint is no setback",
    edits: [
      {
        file: "lib/flush/setbacks.ts",
        from: "const isBehind = each.slot > (slot ?? 0) || (hadRow && slot === undefined);",
        to: "const isBehind = false;",
      },
    ],
  },
  {
    name: "a poll's number is taken for the poll",
    edits: [
      {
        file: "lib/flush/fates.ts",
        from: "if (pollKey !== undefined) return pollKey === poll.key;",
        to: "if (pollKey !== undefined) return true;",
      },
    ],
  },
  {
    name: "kept slots are skipped after a setback",
    edits: [
      {
        file: "lib/flush/setbacks.ts",
        from: "const to = Math.max(after, (oldest ?? onceUpTo + 1) - 1);",
        to: "const to = Math.max(after, onceUpTo, oldest ?? 0);",
      },
    ],
  },
  {
    name: "the keep time is ignored",
    edits: [
      { file: "lib/flush/slot-cleanup.ts", from: "due && due.untilMs <= nowMs;", to: "due;" },
    ],
  },
  {
    name: "a worker reads the queues of its own homes only",
    edits: [
      {
        file: "lib/queue/queue-homes.ts",
        from: "if (count <= this.#count) return;",
        to: "if (count >= 0) return;",
      },
    ],
  },
  {
    name: "a checkpoint after a lost COMMIT is not published",
    edits: [
      {
        file: "lib/flush/open-queues.ts",
        from: "await publishUnpublished(server, states, published, open);",
        to: "",
      },
    ],
  },
  {
    name: "a known batch counts as new",
    edits: [
      {
        file: "lib/flush/settle.ts",
        from: "if (earlier || seen.has(id)) repeated.push(each);",
        to: "if (seen.has(id)) repeated.push(each);",
      },
    ],
  },
  {
    name: "a load is accepted although rows are missing",
    edits: [
      {
        file: "lib/store/load-ballots.ts",
        from: "if (affectedRows === rows && warnings === 0)",
        to: "if (affectedRows <= rows || warnings > 0)",
      },
    ],
  },
  {
    name: "the lower revision stands",
    edits: [
      {
        file: "lib/flush/fates.ts",
        from: "return a.revision > b.revision;",
        to: "return a.revision < b.revision;",
      },
    ],
  },
];
