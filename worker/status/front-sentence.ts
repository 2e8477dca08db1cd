/** What the worker's page says about fronts that report no more, and about results that wait for them. Pure. */
import { duration, plural } from "#lib/base/human-readable.ts";
import { describeMember } from "#lib/fleet/compared-settings.ts";
import type { WaitingResult } from "#lib/fleet/fronts.ts";
import { heldMs, heldTooLongMs } from "#lib/fleet/held-votes.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import type { FrontRow } from "#lib/store/front-rows.ts";

/** The fronts as a worker last found them. */
export interface FrontsSurvey {
  /** Fronts and workers that run. */
  readonly members: readonly FleetMember[];
  readonly missing: readonly FrontRow[];
  readonly waitingResults: readonly WaitingResult[];
  readonly goneMs: number;
}

/** A sentence, or `undefined` when all fronts report and no result waits for one for long. */
export function frontSentence(fronts: FrontsSurvey, nowMs: number): string | undefined {
  const { members, missing, waitingResults, goneMs } = fronts;
  const [first, ...others] = missing;
  if (!first) return heldSentence(members);
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

/** The front that has held votes for longest, if that is too long. */
function heldSentence(members: readonly FleetMember[]): string | undefined {
  const [longest] = members.toSorted((a, b) => heldMs(b) - heldMs(a));
  if (!longest || heldMs(longest) <= heldTooLongMs) return undefined;
  const who = describeMember(longest).replace(/^t/, "T");
  return `${who} has held votes for ${duration(heldMs(longest))} that no worker has stored.`;
}
