/** The fake MySQL gives what a real MariaDB gives, to the same random sequences of the product's store functions. */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import fc from "fast-check";
import { type Database, Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { testDatabase } from "#test/support/services.ts";
import { FakeMysql, type Request, Session } from "./fake-mysql.ts";
import { type Operation, subjects } from "./store-operations.ts";
import type { Cell } from "./tables.ts";

const { url } = await testDatabase();
const real = new Store({ url, connectionsMax: 3, statementMs: 5_000, localLoads: true });
after(() => real.close());

/** A store of the product on a fake server. */
function fakeStore(): Store {
  const server = new FakeMysql({
    nowMs: Date.now,
    after: (ms, run) => void setTimeout(run, ms).unref(),
  });
  const store = new Store({ url, connectionsMax: 1, statementMs: 5_000 });
  store.connect = (async () => {
    const session = new Session(server);
    return {
      query: async (request: Request, values: readonly Cell[]) => [
        await session.execute(request, values),
      ],
      release: () => session.end(),
      destroy: () => session.end(),
    };
  }) as unknown as Store["connect"];
  return store;
}

/** What an operation saw, or the kind of its failure. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (isStoreFailure(error)) return `failed: ${error.kind}`;
    throw error;
  }
}

interface Step {
  readonly operations: readonly Operation[];
  /** In one transaction that is committed, or rolled back; or each by itself. */
  readonly how: "commit" | "rollback" | "snapshot" | "alone";
}

class RolledBack extends Error {}

async function take(store: Store, { operations, how }: Step): Promise<unknown> {
  const all = async (db: Database) => {
    const seen: unknown[] = [];
    for (const each of operations) seen.push(await outcome(each(db)));
    return seen;
  };
  if (how === "alone") return all(store);
  let seen: unknown;
  const work = store.transaction(async db => {
    seen = await all(db);
    if (how === "rollback") throw new RolledBack();
  }, how === "snapshot");
  await work.catch(error => assert.ok(error instanceof RolledBack, error));
  return seen;
}

const stepsOf = (operation: fc.Arbitrary<Operation>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
      how: fc.constantFrom("commit", "rollback", "snapshot", "alone"),
    }),
    { minLength: 4, maxLength: 12, size: "max" },
  );

const tables = [
  "polls",
  "ballots",
  "batches",
  "checkpoints",
  "dead_letters",
  "acceptances",
  "processes",
  "reopenings",
];

for (const [index, operation] of subjects.entries()) {
  it(`the fake MySQL gives the answers of a real server to operations of subject ${index + 1}`, async () => {
    const property = fc.asyncProperty(stepsOf(operation), async steps => {
      for (const table of tables) await real.write("test.clear", `DELETE FROM ${table}`);
      await real.write("test.number", "ALTER TABLE polls AUTO_INCREMENT = 1");
      const fake = fakeStore();
      for (const each of steps) assert.deepEqual(await take(fake, each), await take(real, each));
      await fake.close();
    });
    await fc.assert(property, { numRuns: Number(process.env.MODEL_RUNS ?? 40) });
  });
}

/** What two transactions see of each other; the second begins while the first is open. */
async function besideEachOther(store: Store): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  await store.write(
    "checkpoints.open_epoch",
    "INSERT INTO checkpoints (epoch, server, queue, slot, deleted, opened_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE epoch = VALUES(epoch)",
    ["cccccccccccc", "m:1", "normal.0", 7, 7, new Date(0), new Date(0)],
  );
  const { lockCheckpoint, moveCheckpoint, readCheckpoint } = await import(
    "#lib/store/checkpoints.ts"
  );
  const epoch = "cccccccccccc" as Parameters<typeof readCheckpoint>[1];
  await store.transaction(async first => {
    seen.push(await lockCheckpoint(first, epoch));
    await moveCheckpoint(first, epoch, { to: 9, deleted: 8, missing: 1 }, 0);
    await store.transaction(async second => {
      seen.push(await lockCheckpoint(second, epoch), (await readCheckpoint(second, epoch))?.slot);
    });
    seen.push((await readCheckpoint(first, epoch))?.slot);
  });
  await store.transaction(async snapshot => {
    seen.push((await readCheckpoint(snapshot, epoch))?.slot);
    await moveCheckpoint(store, epoch, { to: 12, deleted: 8, missing: 0 }, 0);
    seen.push((await readCheckpoint(snapshot, epoch))?.slot);
  }, true);
  seen.push((await readCheckpoint(store, epoch))?.slot);
  return seen;
}

it("the fake MySQL locks and isolates transactions like a real server", async () => {
  const fake = fakeStore();
  const [ofFake, ofReal] = [await besideEachOther(fake), await besideEachOther(real)];
  assert.deepEqual(ofFake, ofReal);
  assert.deepEqual(ofReal, [7, undefined, 7, 9, 9, 9, 12]);
  await fake.close();
});
