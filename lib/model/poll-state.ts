/**
 * A poll's state. It follows from the poll's times and the clock, and is not stored.
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
