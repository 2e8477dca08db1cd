/**
 * Every error number against every statement of a direct commit and of a re-driven dead letter, on the wire: each error
 * comes for a moment, then MySQL is healthy. Every ballot is counted once. The two share statements and numbers: half of
 * the numbers go to one, half to the other.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commitDirectly } from "#lib/flush/direct.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import type { Epoch } from "#lib/model/ids.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { insertDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import {
  commonStatements,
  ErrorSweep,
  numbersSwept,
  Voters,
  type Work,
} from "#test/support/error-sweep.ts";
import { batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const polls = [await bench.newPoll(), await bench.newPoll()] as const;
const sweeps = [await ErrorSweep.start(bench), await ErrorSweep.start(bench)] as const;

describe(`${numbersSwept} error numbers of MySQL beside the flush`, () => {
  it("a direct commit counts each ballot once, whatever MySQL answers for a moment", async () => {
    const [errors] = sweeps;
    const voters = new Voters(polls[0]);
    let next = batch([]);
    const work: Work = {
      begin: async () => {
        next = batch(voters.next());
      },
      attempt: async () => {
        const { fates } = await commitDirectly(errors.store, next, true, Date.now());
        return fates.length === next.ballots.length;
      },
    };
    const statements = [...commonStatements].sort();
    assert.deepEqual(await errors.statementsOf(work), statements);
    await errors.run(statements, work, 0);
    await voters.check(bench);
  });

  it("a re-driven dead letter is counted once, whatever MySQL answers for a moment", async () => {
    const [, errors] = sweeps;
    const [, pollId] = polls;
    const voters = new Voters(pollId);
    let letter = 0;
    const work: Work = {
      begin: async () => {
        const bytes = encodeBatch(batch(voters.next()));
        const letters = [{ pollId, slot: 1, reason: "a test", bytes, ballots: 0 }];
        await insertDeadLetters(bench.store, "epochoftests" as Epoch, letters, Date.now());
        letter = (await listDeadLetters(bench.store)).at(-1)?.id ?? 0;
      },
      attempt: async () => {
        const result = await redriveLetter(errors.store, letter);
        return result.outcome === "counted" || /there is no dead letter/.test(result.reason);
      },
    };
    const statements = [
      ...commonStatements,
      "clock.read",
      "dead_letters.lock",
      "dead_letters.delete",
    ].sort();
    assert.deepEqual(await errors.statementsOf(work), statements);
    await errors.run(statements, work, 1);
    await voters.check(bench);
  });
});
