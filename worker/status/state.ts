/**
 * The worker's state, which the loop writes and pages and metrics read, and what a survey of the queue servers found.
 */
import { SECOND } from "#lib/base/clock.ts";
import type { WrongClock } from "#lib/fleet/site-clock.ts";
import type { PassSummary } from "#lib/flush/flusher.ts";
import type { Standstill } from "#lib/flush/standstills.ts";
import type { Memory } from "#lib/memcached/memory-stats.ts";
import type { Lane } from "#lib/model/lane.ts";
import type { LaneDepth } from "#lib/queue/depth.ts";
import type { SetbackRecord } from "../setback-record.ts";
import type { FrontsSurvey } from "./front-sentence.ts";

/** What the daemon's loop records. */
export interface WorkerState {
  readonly startedAtMs: number;
  passes: number;
  /** Passes that a kickstart began. */
  kickstarts: number;
  /** When the current pass began; `undefined`: none is under way. */
  passBeganAtMs: number | undefined;
  lastPass:
    | { readonly summary: PassSummary; readonly atMs: number; readonly ms: number }
    | undefined;
  lastError: { readonly atMs: number; readonly error: Record<string, unknown> } | undefined;
}

/** Without a finished pass for this long, the flush is stale. */
export const staleMs = 15 * SECOND;

export function isStale(state: WorkerState, nowMs: number): boolean {
  return nowMs - (state.lastPass?.atMs ?? state.startedAtMs) > staleMs;
}

/** True while passes fail: the last error is newer than the last pass. */
export function isFailing({ lastError, lastPass }: WorkerState): boolean {
  return lastError !== undefined && lastError.atMs > (lastPass?.atMs ?? 0);
}

/** The queues and their servers at one moment. */
export interface Survey {
  readonly atMs: number;
  readonly servers: readonly {
    readonly name: string;
    /** Votes wait on it. */
    readonly holdsQueues: boolean;
    /** `undefined`: it can't be reached. */
    readonly memory: Memory | undefined;
    readonly lanes: readonly LaneDepth[];
  }[];
  /** Lanes whose ballots fronts refuse because memory runs out. */
  readonly lanesRefused: readonly Lane[];
  /** The machine of this worker, as the fleet record names it. */
  readonly machine: string;
  readonly wrongClocks: readonly WrongClock[];
  readonly fronts: FrontsSurvey;
  readonly setbacks: Pick<SetbackRecord, "count" | "lastAtMs" | "restore">;
  /** Queues whose slots wait although their turn comes, as this worker's last pass found. */
  readonly standstills: readonly Standstill[];
  /** The change of the servers that is under way, or that processes wish. */
  readonly serverChange?: string | undefined;
}

export function slotsWaiting(survey: Survey): number {
  return survey.servers.flatMap(({ lanes }) => lanes).reduce((sum, { slots }) => sum + slots, 0);
}

/** Age of the oldest waiting ballot, in milliseconds; 0 when none waits. */
export function oldestWaitMs(survey: Survey): number {
  const times = survey.servers
    .flatMap(({ lanes }) => lanes)
    .flatMap(({ oldestAtMs }) => (oldestAtMs === undefined ? [] : [oldestAtMs]));
  return times.length === 0 ? 0 : Math.max(0, survey.atMs - Math.min(...times));
}
