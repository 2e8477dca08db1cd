/**
 * Bugs that are planted to see the suite turn red: edits to the product's source, made while a build of
 * the fault tests is bundled, so the product contains none of them. Each is a mistake that a
 * developer could make in good faith, and each names a fault that must bring it to light.
 *
 * When a build says that an edit no longer fits: make the same mistake in the code as it is now.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";

export interface Edit {
  readonly file: string;
  /** Stands in the file once. */
  readonly from: string;
  readonly to: string;
}

export interface PlantedBug {
  readonly name: string;
  readonly edits?: readonly Edit[];
  /** Done to the schema, and undone. */
  readonly sql?: { readonly plant: string; readonly heal: string };
  /** The fault that must show it. */
  readonly shownBy: string;
}

/** On the way from the queue into MySQL. */
export const bugsOfFlush: readonly PlantedBug[] = [
  {
    name: "UNIQUE dropped",
    sql: {
      plant: "ALTER TABLE ballots DROP PRIMARY KEY, ADD KEY voter_once (poll_id, voter)",
      heal: "ALTER TABLE ballots DROP KEY voter_once, ADD PRIMARY KEY (poll_id, voter)",
    },
    shownBy: "memcached flushed",
  },
  {
    name: "checkpoint outside the transaction",
    edits: [
      { file: "lib/store/checkpoints.ts", from: " FOR UPDATE SKIP LOCKED", to: "" },
      {
        file: "lib/flush/transaction.ts",
        from: "await moveCheckpoint(db, ",
        to: "await moveCheckpoint(store, ",
      },
    ],
    shownBy: "worker killed before the commit",
  },
  {
    name: "unknown error number taken for bad data, at its first answer",
    edits: [
      {
        file: "lib/store/failure.ts",
        from: 'kindByErrno.get(errno ?? 0) ?? "unavailable"',
        to: 'kindByErrno.get(errno ?? 0) ?? "invalid"',
      },
      {
        file: "lib/flush/find-refused.ts",
        from: "if (suspects.size > 0) await sleep(confirmAfterMs);",
        to: "return suspects;",
      },
    ],
    shownBy: "mysql answers 1047 for a while",
  },
  {
    name: "slots deleted before the commit",
    edits: [
      {
        file: "lib/flush/queue-flush.ts",
        from: "const result = await this.#committer.commit(work);",
        to: `this.#cleanup.add(work.slots.map(s => s.slot), to); await this.#cleanup.deleteDue();
    const result = await this.#committer.commit(work);`,
      },
    ],
    shownBy: "worker killed before the commit",
  },
  {
    name: "duplicates added to the totals",
    edits: [
      {
        file: "lib/flush/tally-corrections.ts",
        from: "if (counts) totals.votes.add(ballot, 1);",
        to: "totals.votes.add(ballot, 1);",
      },
    ],
    shownBy: "memcached slow",
  },
];

/** On the way from the reader into the queue. */
export const bugsOfQueue: readonly PlantedBug[] = [
  {
    name: "slots overwritten",
    edits: [
      {
        file: "lib/queue/producer.ts",
        from: "pipeline.add(slotKey(this.queue, ticket.epoch, ticket.slot), bytes, 0)",
        to: "pipeline.overwrite(slotKey(this.queue, ticket.epoch, ticket.slot), bytes, 0)",
      },
    ],
    shownBy: "front paused between number and slot",
  },
  {
    name: "mark without the ballot's id",
    edits: [
      {
        file: "lib/voters/marks.ts",
        from: 'bytes.writeUInt16BE(ballot.revision, bytes.write(ballot.ballotId, 0, "hex"));',
        to: "bytes.fill(0, 0, choicesAt);",
      },
    ],
    shownBy: "memcached slow",
  },
  {
    name: "acknowledged before the slot is stored",
    edits: [
      {
        file: "lib/ballots/queue-round.ts",
        from: "const written = await write.finish(batch, untilMs, moves);",
        to: `const writing = write.finish(batch, untilMs, moves);
    if (inBatch.length > 0) return inBatch.map(() => ({ outcome: "accepted", tally: undefined }));
    const written = await writing;`,
      },
    ],
    shownBy: "memcached full",
  },
  {
    name: "replay ring remembers nothing",
    edits: [{ file: "lib/queue/replay-ring.ts", from: "this.#kept.add(kept);", to: "return;" }],
    shownBy: "memcached killed and back empty",
  },
];

/** The text with the edit made. @throws Error when the edit does not fit exactly once. */
export function edited(contents: string, { file, from, to }: Edit): string {
  const times = contents.split(from).length - 1;
  if (times !== 1) throw new Error(`planted bug: ${file} has ${times} × ${from}`);
  return contents.replace(from, () => to);
}

/** Makes the edits of a bug while bundling, and fails the build when one does not fit. */
export function planting(edits: readonly Edit[]): Plugin {
  return {
    name: "planted-bug",
    setup: build => {
      build.onLoad({ filter: /\/(lib|worker)\/.*\.ts$/ }, ({ path }) => {
        const mine = edits.filter(({ file }) => path === join(process.cwd(), file));
        const contents = mine.reduce(edited, readFileSync(path, "utf8"));
        return { contents, loader: "ts" };
      });
    },
  };
}
