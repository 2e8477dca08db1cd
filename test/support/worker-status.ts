/** What a worker that is well says of itself, for tests to change in one point. */
import type { Survey, WorkerState } from "../../worker/status/state.ts";

export const now = Date.UTC(2026, 10, 20, 18, 0, 0);
export const memory = {
  usedBytes: 1e6,
  limitBytes: 64e6,
  evictions: 0,
  mayEvict: false,
  outOfMemory: 0,
};
export const books = {
  accepted: 1_012,
  counted: 1_009,
  waiting: 1,
  replaced: 0,
  withdrawn: 0,
  duplicate: 2,
  setAside: 0,
  lost: 0,
  repeated: 0,
  balanced: true,
};
/** What MySQL says, as a worker has read it. */
export const accounts = { books, openLetters: { letters: 0, ballots: 0 } };
export const summary = {
  commits: 1,
  slots: 2,
  counted: 700,
  duplicates: 3,
  redelivered: 0,
  replaced: 0,
  repeated: 0,
  letters: 0,
  missing: 0,
  waiting: 0,
  unreachable: [],
  sawEverything: true,
};

export const state = (change: Partial<WorkerState> = {}): WorkerState => ({
  startedAtMs: now - 60_000,
  passes: 3,
  kickstarts: 1,
  passBeganAtMs: undefined,
  lastPass: { summary, atMs: now - 500, ms: 12 },
  lastError: undefined,
  ...change,
});

export const survey = (slots: number, waitedMs = 0, change: Partial<Survey> = {}): Survey => ({
  atMs: now,
  servers: [
    {
      name: "127.0.0.1:11211",
      holdsQueues: true,
      memory,
      lanes: [
        {
          server: "127.0.0.1:11211",
          lane: "normal",
          slots,
          oldestAtMs: slots > 0 ? now - waitedMs : undefined,
        },
      ],
    },
  ],
  lanesRefused: [],
  standstills: [],
  wrongClocks: [],
  machine: "web-1",
  fronts: { members: [], missing: [], waitingResults: [], goneMs: 600_000 },
  setbacks: { count: 0, lastAtMs: undefined, restore: undefined },
  ...change,
});
