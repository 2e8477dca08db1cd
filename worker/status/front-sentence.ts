/** What the worker's page says about fronts that report no more, and about results that wait for them. Pure. */
import { duration, plural } from "#lib/base/human-readable.ts";
import type { WaitingResult } from "#lib/fleet/fronts.ts";
import type { FrontRow } from "#lib/store/processes.ts";

/** The fronts as a worker last found them. */
export interface FrontsSurvey {
  readonly missing: readonly FrontRow[];
  readonly waitingResults: readonly WaitingResult[];
  readonly goneMs: number;
}

/** A sentence, or `undefined` when all fronts report and no result waits for one for long. */
export function frontSentence(fronts: FrontsSurvey, nowMs: number): string | undefined {
  const { missing, waitingResults, goneMs } = fronts;
  const [first, ...others] = missing;
  if (!first) return undefined;
  const { home, machine, pid, seenAtMs, missingSinceMs = nowMs } = first;
  const more = others.length > 0 ? ` and ${plural(others.length, "other front")}` : "";
  const silence = duration(Math.max(0, nowMs - seenAtMs));
  const left = duration(Math.max(0, missingSinceMs + goneMs - nowMs));
  const waiting = waitingResults.filter(result => result.fronts.length > 0);
  const waits =
    waiting.length === 0 ? "" : ` ${plural(waiting.length, "result")} can't be final yet.`;
  return (
    `The front of home ${home} on ${machine} (process ${pid}) has not reported for ${silence}${more}.${waits}` +
    ` It may hold votes; in ${left} it is declared gone, and closed polls become final without it.`
  );
}
