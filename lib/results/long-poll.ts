/** Live results by long poll: a request that is held until there is a newer version. */
import type { Requester } from "../model/visibility.ts";
import type { LiveBoard, WatchedPoll } from "./live-board.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * The first results after version `after`; `undefined` when there are none within `waitMs`, when `signal`
 * is aborted, or when this process stops.
 *
 * @throws FloodgateError `overloaded` when there are too many viewers.
 */
export function waitForNews(
  board: LiveBoard,
  poll: WatchedPoll,
  requester: Requester,
  { after, waitMs, signal }: { after: number; waitMs: number; signal: AbortSignal },
): Promise<Snapshot | undefined> {
  if (waitMs <= 0 || signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const finish = (snapshot?: Snapshot) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      leave();
      resolve(snapshot);
    };
    const giveUp = () => finish();
    const timer = setTimeout(giveUp, waitMs);
    let leave = () => {};
    try {
      leave = board.watch(poll, requester, {
        show: ({ snapshot }) => {
          if (snapshot.results.version > after) finish(snapshot);
        },
        idle: () => {},
        end: giveUp,
      });
    } catch (error) {
      clearTimeout(timer);
      reject(error);
      return;
    }
    signal.addEventListener("abort", giveUp);
  });
}
