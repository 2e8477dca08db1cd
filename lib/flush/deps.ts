/** The dependencies and settings of a flush, the same for all queues of a process. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Batch } from "../model/ballot.ts";
import type { PollId, PollKey } from "../model/ids.ts";
import type { Relief } from "../model/lane.ts";
import type { TallyChange } from "../model/tally-sums.ts";
import type { Store } from "../store/database.ts";
import type { Loading } from "./loading.ts";
import type { RecentBatches } from "./recent-batches.ts";
import type { KeepTime } from "./slot-cleanup.ts";

/** Polls whose tallies may have moved more than once for a batch, or not at all; `all`: any poll's may have. */
export type DoubtfulTallies = ReadonlySet<PollId> | "all";

export interface FlushDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly recent: RecentBatches;
  readonly loading: Loading;
  readonly relief: Relief;
  /** For relief; gives numbers in [0, 1). */
  readonly random?: () => number;
  /** Milliseconds before a missing slot is given up: longer than a producer holds a number. */
  readonly graceMs: number;
  /** Ballots in one commit, rounded up to whole slots: many enough to be efficient, few enough to be short. */
  readonly ballotsPerCommit: number;
  /** How long a committed slot stays in memcached, for a replica that is promoted late. */
  readonly keep: KeepTime;
  /** Called with batches that are in MySQL now. */
  readonly committed: (batches: readonly Batch[]) => void;
  /** Called when MySQL turns out to lack commits, after they were logged. */
  readonly onSetback: () => void;
  /** Called when ballots were set aside because MySQL does not have their poll: fronts still take votes for it. */
  readonly onGonePoll: () => void;
  /** Moves the tallies by `corrections`, and marks the `doubtful` polls for a comparison with MySQL. */
  readonly correctTallies: (
    corrections: ReadonlyMap<PollKey, TallyChange>,
    doubtful: DoubtfulTallies,
  ) => Promise<void>;
}
