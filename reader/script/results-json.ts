/** Results as the script gets them: of the API's JSON, what it uses. */

export interface Results {
  readonly state: string;
  readonly version: number;
  readonly asOf: string;
  readonly hidden: string | null;
  readonly ballots: number | null;
  readonly waiting: number | null;
  readonly options: readonly {
    readonly id: string;
    readonly label: string;
    readonly votes: number | null;
    readonly share: number | null;
    readonly points?: number | null;
    readonly grades?: readonly number[];
    readonly mean?: number | null;
  }[];
  readonly runoff?: RunoffResults | null;
}

export interface RunoffResults {
  readonly computedAt: string;
  readonly winner: string | null;
  readonly rounds: readonly {
    readonly votes: Readonly<Record<string, number>>;
    readonly exhausted: number | null;
  }[];
}
