/** What the ways of reading results share: which poll, and who may read it. */
import { wallMs } from "../clock.ts";
import { FloodgateError } from "../errors.ts";
import { pollState } from "../polls/state.ts";
import type { Runtime } from "../runtime.ts";
import type { Poll } from "../store/polls.ts";
import { type RouteContext, slugOf } from "./route.ts";

/** Results may be read by any site's script. */
export const anySite = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Floodgate-Interval",
} as const;

const intervalSeconds = 5;
const intervalSecondsBusy = 30;

/** When to ask again, for who can't be told: seldom while there are too many to tell. */
export function askAgain(at: Runtime): Readonly<Record<string, string>> {
  const busy = at.live.viewers >= at.config.FLOODGATE_VIEWERS_MAX / 2;
  return { "Floodgate-Interval": String(busy ? intervalSecondsBusy : intervalSeconds) };
}

/**
 * The poll of a request for its results.
 *
 * @throws FloodgateError `poll_not_found`, also for a draft.
 */
export async function pollWithResults(at: Runtime, context: RouteContext): Promise<Poll> {
  const poll = await at.published.find(await slugOf(context));
  if (!poll || pollState(poll, wallMs()) === "draft") throw new FloodgateError("poll_not_found");
  return poll;
}
