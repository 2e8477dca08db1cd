/**
 * Runs some seeds of the model in a process of its own: `node run-seeds.mjs {first} {count} [stop | history]`. Prints one
 * line of JSON. `stop`: ends with the first seed that fails. `history`: tells what happened, for people.
 */
import { runSeed } from "./site-run.ts";

export interface SeedsReport {
  readonly runs: number;
  readonly failed: readonly { readonly seed: number; readonly violations: readonly string[] }[];
  readonly counts: readonly (readonly [string, number])[];
}

const [first = "1", count = "1", mode] = process.argv.slice(2);

async function runAll(): Promise<SeedsReport> {
  const counts = new Map<string, number>();
  const failed: { seed: number; violations: readonly string[] }[] = [];
  let runs = 0;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const result = await runSeed(seed, { keepsLines: mode === "history" });
    runs += 1;
    for (const [what, times] of result.counts) counts.set(what, (counts.get(what) ?? 0) + times);
    for (const line of result.lines) console.error(line);
    if (result.violations.length === 0) continue;
    failed.push({ seed, violations: result.violations });
    if (mode === "stop") break;
  }
  return { runs, failed, counts: [...counts] };
}

console.log(JSON.stringify(await runAll()));
