/** The generators' jobs and their reports. */

/** Lines that a generator prints when its measured span begins and ends. */
export const spanBegins = "MEASURING";
export const spanEnds = "MEASURED";

/** What is requested. */
export interface Requested {
  /** The request up to its body, or all of it. */
  readonly head: string;
  /** Several heads to take in turn, instead. */
  readonly heads?: readonly string[];
  /** The body around the ballot's id; with neither, `head` is everything. */
  readonly bodyBefore?: string;
  readonly bodyAfter?: string;
  /** Every vote brings the cookie of a voter who has voted in another poll before. */
  readonly cookies?: {
    readonly secret: string;
    readonly publicUrl: string;
    readonly count: number;
  };
}

export interface Job extends Requested {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Requests per second; absent: a closed loop. */
  readonly rate?: number;
}

export interface Report {
  /** Requests that were due, warm-up included; an open loop may not send all of them. */
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
  /** Connections that ended before their answer. */
  readonly broken: number;
  /** Requests that had to wait because every connection was busy. */
  readonly waitedForConnection: number;
  /** Answers within the measured time. */
  readonly counted: number;
  readonly ms: number;
  /** CPU of the generator itself within the measured time. */
  readonly cpuUs: number;
  /** Answers by status, warm-up included. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Readers who come at once: each fetches a page, and votes when it is there. */
export interface HerdJob {
  readonly host: string;
  readonly port: number;
  /** Connections at most; each is opened when a reader needs it. */
  readonly connections: number;
  readonly readers: number;
  readonly withinMs: number;
  /** The whole request for the page. */
  readonly page: string;
  readonly vote: Requested;
}

export interface HerdReport {
  readonly pages: HerdAnswers;
  readonly votes: HerdAnswers;
  /** From the first reader's coming to the last answer. */
  readonly ms: number;
}

export interface HerdAnswers {
  readonly sent: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
