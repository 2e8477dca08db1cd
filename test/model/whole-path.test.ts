/**
 * The whole path of a ballot under thousands of simulated runs: fronts, queue, workers, MySQL, and what readers are told,
 * with random faults (`site-run.ts` says what the generator can't produce).
 *
 * `MODEL_SEEDS=100000 node --import tsx --test test/model/whole-path.test.ts` is a long run.
 * `MODEL_FIRST=4711 MODEL_SEEDS=1 …` runs one seed again and prints what happened.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { after, describe, it } from "node:test";
import { faultKinds } from "./faults.ts";
import type { SeedsReport } from "./run-seeds.ts";
import { bundleModel, runSeeds } from "./seeds.ts";

const seeds = Number(process.env.MODEL_SEEDS ?? 2_000);
/** The same in every run of the tests; the others begin at a random number. */
const fixedSeeds = seeds > 1 ? Math.min(400, seeds / 2) : 0;
/** Each showed a defect of the product, or of the model, once. */
const found = [483_270_987, 812_283_197, 2_007_183, 2_021_263, 3_049_888, 506_448_743];
const foundSeeds = seeds > 1 ? found : [];
const firstRandom = Number(process.env.MODEL_FIRST ?? Math.floor(Math.random() * 1e9) + 1_000);
const processes = seeds > 1 ? 2 : 1;

/** States that no run may need, and that all runs together must reach. */
const states = [
  "event: batches_replayed",
  "event: commit_unknown",
  "event: copies_made",
  "event: epoch_closed",
  "event: memcached_away",
  "event: missing_slot_passed",
  "event: mysql_went_back",
  "event: poll_final",
  "event: result_waits",
  "event: tally_rebuilt",
  "state: COMMIT lost after",
  "state: COMMIT lost before",
  "state: MySQL lost commits",
  "state: a number was given again",
  "state: a ballot that MySQL refuses",
  "state: a ballot lost its last holder",
  "state: wrong clock of memcached",
  "state: wrong clock of mysql",
  "state: wrong clock of programs",
];

const program = await bundleModel();
after(() => rmSync(dirname(program), { recursive: true }));

function split(first: number, count: number): Promise<SeedsReport>[] {
  const each = Math.ceil(count / processes);
  const mode = count === 1 ? "history" : "all";
  return Array.from({ length: processes }, (_, index) =>
    runSeeds(program, first + index * each, each, mode),
  );
}

describe("the whole path, simulated", () => {
  let reports: readonly SeedsReport[] = [];

  it(`the simulated site keeps its promises in ${seeds} runs`, async t => {
    t.diagnostic(`seeds: 1 to ${fixedSeeds}, and from ${firstRandom} on`);
    const fixed = fixedSeeds > 0 ? await Promise.all(split(1, fixedSeeds)) : [];
    const again = await Promise.all(foundSeeds.map(seed => runSeeds(program, seed, 1)));
    const random = await Promise.all(split(firstRandom, seeds - fixedSeeds));
    reports = [...fixed, ...again, ...random];
    const failed = reports.flatMap(report => report.failed);
    const text = failed
      .slice(0, 10)
      .map(({ seed, violations }) => `seed ${seed}: ${violations.slice(0, 3).join("; ")}`);
    assert.equal(
      failed.length,
      0,
      `run again with MODEL_FIRST and MODEL_SEEDS=1:\n${text.join("\n")}`,
    );
  });

  it("the simulated runs reach every kind of fault, and every state that matters", t => {
    if (seeds < 1_000) return t.skip("too few runs");
    const counts = new Map<string, number>();
    for (const [what, times] of reports.flatMap(report => report.counts)) {
      counts.set(what, (counts.get(what) ?? 0) + times);
    }
    const wanted = [...faultKinds.map(({ name }) => `fault: ${name}`), ...states];
    for (const what of wanted) t.diagnostic(`${counts.get(what) ?? 0} × ${what}`);
    assert.deepEqual(
      wanted.filter(what => !counts.has(what)),
      [],
    );
  });
});
