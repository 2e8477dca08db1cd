/** A benchmark's figures, each beside the floor that was measured in the same run. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly rounds: readonly number[];
  /** The floor: another figure of this scenario by name, and the ratio to it. */
  readonly against?: { readonly name: string; readonly ratio: number };
  /** The target in words, and whether it was met. */
  readonly target?: { readonly text: string; readonly met: boolean };
  readonly note?: string;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly books?: Balance;
  readonly seconds: number;
}

/** The books after the run, in one sentence, and whether they balance. */
export interface Balance {
  readonly text: string;
  readonly balanced: boolean;
}

/** How thorough a run is. */
export interface Effort {
  readonly quick: boolean;
  /** Rows that the table of ballots grows to. */
  readonly rows: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly run: (
    effort: Effort,
    say: (line: string) => void,
  ) => Promise<Omit<ScenarioResult, "scenario" | "title" | "seconds">>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Collects rounds by name and turns them into figures. */
export class Rounds {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  median(name: string): number {
    return median(this.#values.get(name) ?? []);
  }

  /**
   * The figure made of the collected rounds.
   *
   * @param options.floor - name of the figure that it is compared with.
   * @param options.atLeast - the least ratio to the floor; `atMost` - the most that the figure may be.
   */
  figure(
    name: string,
    unit: string,
    options: { floor?: string; atLeast?: number; atMost?: number; note?: string } = {},
  ): Figure {
    const { floor, atLeast, atMost, note } = options;
    const value = this.median(name);
    const ratio = floor === undefined ? undefined : value / this.median(floor);
    return {
      name,
      unit,
      value,
      rounds: this.#values.get(name) ?? [],
      ...(floor !== undefined && ratio !== undefined && { against: { name: floor, ratio } }),
      ...(atLeast !== undefined && {
        target: { text: `≥ ${atLeast} × ${floor}`, met: (ratio ?? 0) >= atLeast },
      }),
      ...(atMost !== undefined && {
        target: { text: `≤ ${atMost} ${unit}`, met: value <= atMost },
      }),
      ...(note !== undefined && { note }),
    };
  }
}
