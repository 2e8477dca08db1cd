/**
 * A poll's state, which follows from its times and the clock and is stored nowhere.
 *
 * *draft* (no opening time) → *scheduled* → *open* → *closing* (past its closing time, ballots may still
 * be on their way to MySQL) → *final* (all of them counted).
 */
import type { Poll } from "./poll.ts";

export type PollState = "draft" | "scheduled" | "open" | "closing" | "final";

export function pollState(
  poll: Pick<Poll, "opensAtMs" | "closesAtMs" | "finalizedAtMs">,
  nowMs: number,
): PollState {
  if (poll.opensAtMs === null) return "draft";
  if (nowMs < poll.opensAtMs) return "scheduled";
  if (poll.closesAtMs === null || nowMs < poll.closesAtMs) return "open";
  return poll.finalizedAtMs === null ? "closing" : "final";
}
