/** The ballots that wait for a round of the group commit, by lane, and the order in which rounds take them. */
import { ballotsPerSlotMax } from "../model/ballot.ts";
import { type Lane, lanes, pickLane, type Relief, sumWaiting } from "../model/lane.ts";
import { encodedBallotBytes, slotBytesMax } from "../queue/slot-codec.ts";
import { encodedPollBytes } from "../queue/slot-polls.ts";
import type { BallotOutcome } from "./ballot-outcome.ts";
import type { PendingBallot } from "./pending-ballot.ts";

/** A pending ballot, and the promise of its outcome. Only the group commit resolves it. */
export interface WaitingBallot extends PendingBallot {
  readonly resolve: (outcome: BallotOutcome) => void;
}

/** Room in a slot for what is not a ballot. */
const slotHeadBytes = 1024;

export class WaitingBallots {
  readonly #relief: Relief;
  readonly #byLane: Record<Lane, WaitingBallot[]> = { high: [], normal: [], low: [] };
  #count = 0;

  constructor(relief: Relief) {
    this.#relief = relief;
  }

  get count(): number {
    return this.#count;
  }

  add(waiting: WaitingBallot): void {
    this.#byLane[waiting.ballot.lane].push(waiting);
    this.#count += 1;
  }

  /** The lane of the next round; `undefined` when nothing waits. Counts ballots, where the worker counts slots. */
  nextLane(): Lane | undefined {
    const waiting = sumWaiting(
      lanes,
      lane => lane,
      lane => this.#byLane[lane].length,
    );
    return pickLane(waiting, this.#relief);
  }

  /** Takes the oldest ballots of a lane: at most `countMax`, and as many as fit into one slot. */
  take(lane: Lane, countMax: number = ballotsPerSlotMax): WaitingBallot[] {
    let bytes = slotHeadBytes;
    let count = 0;
    for (const { ballot } of this.#byLane[lane]) {
      bytes += encodedBallotBytes(ballot) + encodedPollBytes;
      if (bytes > slotBytesMax || count >= countMax) break;
      count += 1;
    }
    this.#count -= count;
    return this.#byLane[lane].splice(0, count);
  }

  /** Takes the ballots that were offered before a moment; monotonic time. */
  takeOfferedBefore(ms: number): WaitingBallot[] {
    const isBefore = ({ offeredAtMs }: WaitingBallot) => offeredAtMs < ms;
    return lanes.flatMap(lane => {
      const all = this.#byLane[lane];
      if (!all.some(isBefore)) return [];
      const taken = all.filter(isBefore);
      this.#byLane[lane] = all.filter(each => !isBefore(each));
      this.#count -= taken.length;
      return taken;
    });
  }
}
