/**
 * Every error number against every statement of a flush, on the wire: each error comes for a moment, then MySQL is
 * healthy. Every ballot is counted once, and none is set aside.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Loading } from "#lib/flush/loading.ts";
import {
  commonStatements,
  ErrorSweep,
  numbersSwept,
  Voters,
  type Work,
} from "#test/support/error-sweep.ts";
import { batch, startFlushBench } from "#test/support/flush-bench.ts";

const checkpointStatements = ["open", "progress", "open_epoch", "read", "lock", "move"].map(
  name => `checkpoints.${name}`,
);
const statements = [...commonStatements, ...checkpointStatements].sort();

const bench = await startFlushBench();
const errors = await ErrorSweep.start(bench);

describe(`${numbersSwept} error numbers of MySQL in a flush`, () => {
  it("a flush sets no ballot aside and counts each once, whatever MySQL answers for a moment", async () => {
    const { store } = errors;
    const voters = new Voters(await bench.newPoll());
    const producer = bench.producer();
    let flusher = bench.newFlusher({ store });
    const work: Work = {
      begin: async statement => {
        // A flusher that knows the epochs asks for no checkpoints.
        if (/^(any|checkpoints\.(open|progress))/.test(statement ?? ""))
          flusher = bench.newFlusher({ store });
        await bench.enqueue(producer, batch(voters.next()));
      },
      attempt: async () => (await flusher.pass()).waiting === 0,
    };
    assert.deepEqual(await errors.statementsOf(work), statements);
    await errors.run(statements, work);
    await voters.check(bench);
  });

  it("a flush that loads sets no ballot aside and counts each once, whatever MySQL answers to a load", async () => {
    const { store } = errors;
    // It asks again before every load, and loads even one ballot.
    const loading = new Loading(bench.deps.log, { rowsMin: 1, askAgainMs: 0 });
    const voters = new Voters(await bench.newPoll());
    const producer = bench.producer();
    const flusher = bench.newFlusher({ store, loading });
    const work: Work = {
      begin: async () => void (await bench.enqueue(producer, batch(voters.next()))),
      attempt: async () => (await flusher.pass()).waiting === 0,
    };
    const seen = await errors.statementsOf(work);
    const ofLoads = ["load", "load_support", "savepoint"].map(name => `ballots.${name}`);
    for (const statement of ofLoads) assert.ok(seen.includes(statement), statement);
    await errors.run(ofLoads, work);
    await voters.check(bench);
  });
});
