/** What the generator is told to do, and what it says afterwards. */

export interface Job {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Requests a second; without it, as many as are answered. */
  readonly rate?: number;
  /** The request up to its body, or all of it. */
  readonly head: string;
  /** Several heads to take in turn, instead. */
  readonly heads?: readonly string[];
  /** The body around the ballot's id; with neither, `head` is everything. */
  readonly bodyBefore?: string;
  readonly bodyAfter?: string;
}

export interface Report {
  /** Requests whose moment had come, warm-up included; in an open loop some of them may never be sent. */
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
  /** Connections that ended with an answer still to come. */
  readonly broken: number;
  /** Requests that had to wait because every connection was busy. */
  readonly waitedForConnection: number;
  /** Answers within the measured time. */
  readonly counted: number;
  readonly ms: number;
  /** CPU of the generator itself within the measured time. */
  readonly cpuUs: number;
  /** How many answers had each status, warm-up included. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}
