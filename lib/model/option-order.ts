/**
 * The order of a poll's options on the page that a reader votes on.
 *
 * A random order is drawn for each second, from the poll and the second alone. So every front draws the same order, and
 * pages are cacheable and need no script. Over a poll's time all options have every position about equally often.
 *
 * Source: `docs/decisions/0014-order-for-each-second.md`
 */
import { createHash } from "node:crypto";
import { SECOND } from "../base/clock.ts";
import type { Poll, PollOption } from "./poll.ts";

/** The options in the order of the page at `nowMs`: pinned ones always last, in their own order. */
export function optionsInOrder(
  poll: Pick<Poll, "id" | "optionOrder" | "options">,
  nowMs: number,
): readonly PollOption[] {
  if (poll.optionOrder === "fixed") return poll.options;
  const second = Math.floor(nowMs / SECOND);
  const drawn = poll.options
    .filter(option => !option.pinned)
    .map(option => ({ option, lot: lotOf(`${poll.id}:${second}:${option.number}`) }))
    .sort((a, b) => Buffer.compare(a.lot, b.lot));
  return [...drawn.map(({ option }) => option), ...poll.options.filter(option => option.pinned)];
}

const lotOf = (text: string): Buffer => createHash("sha256").update(text).digest();
