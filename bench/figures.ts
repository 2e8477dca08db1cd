/** A benchmark's figures, each beside the floor that was measured in the same run. */
import { type Attempt, isDisturbed, leastDisturbed, mustRepeat } from "./others.ts";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly rounds: readonly number[];
  /** Rounds that others' load disturbed in every attempt. */
  readonly disturbed: number;
  /** The floor: another figure of this scenario by name, and the ratio to it, as `ratioToFloor` makes it. */
  readonly against?: { readonly name: string; readonly ratio: number };
  /** The target in words, and whether it was met. */
  readonly target?: { readonly text: string; readonly met: boolean };
  readonly note?: string;
}

/** One attempt at a round, for the report. */
export interface RecordedAttempt extends Attempt {
  readonly name: string;
  readonly disturbed: boolean;
  /** Its figures count; otherwise another attempt at the round was less disturbed. */
  readonly kept: boolean;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Every attempt at every round, in order. */
  readonly attempts?: readonly RecordedAttempt[];
  readonly books?: Balance;
  /** Why nothing was measured. */
  readonly leftOut?: string;
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

/**
 * The ratio of a figure to its floor. Figure and floor of one round are measured one after the other, so the ratio is
 * made of each round by itself, and the median is taken of the ratios: a machine that is slower for a minute slows both.
 */
export function ratioToFloor(values: readonly number[], floor: readonly number[]): number {
  if (values.length !== floor.length) return median(values) / median(floor);
  return median(values.map((value, round) => value / (floor[round] ?? Number.NaN)));
}

interface FigureOptions {
  /** Name of the figure that it is compared with. */
  readonly floor?: string;
  /** The least ratio to the floor. */
  readonly atLeast?: number;
  /** The greatest ratio to the floor. */
  readonly atMostTimes?: number;
  /** The most that the figure may be. */
  readonly atMost?: number;
  readonly note?: string;
}

/** A round is measured at most so often. */
const attemptsMax = 3;

/** Measures rounds, repeats those that others' load disturbed, and turns what they gave into figures. */
export class Rounds {
  readonly #values = new Map<string, { value: number; disturbed: boolean }[]>();
  readonly #attempts: RecordedAttempt[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Every attempt so far. */
  get attempts(): readonly RecordedAttempt[] {
    return this.#attempts;
  }

  /**
   * Measures one round, again while others' load disturbs it, and gives the attempt that counts.
   *
   * @param describe - an attempt in a few words.
   */
  async measure<A extends Attempt>(
    name: string,
    attempt: () => Promise<A>,
    describe: (made: A) => string,
    most = attemptsMax,
  ): Promise<A> {
    const made: A[] = [];
    do {
      const next = await attempt();
      made.push(next);
      const end = mustRepeat(made, most) ? "repeated" : "disturbed";
      const load = `others ${next.others.toFixed(2)} cores${isDisturbed(next) ? `, ${end}` : ""}`;
      this.#say(`${name}: ${describe(next)}; ${load}`);
    } while (mustRepeat(made, most));
    const kept = leastDisturbed(made);
    for (const each of made) {
      const { others } = each;
      this.#attempts.push({ name, others, disturbed: isDisturbed(each), kept: each === kept });
    }
    return kept;
  }

  /** @param from - the attempt that gave the value, where load by others was measured. */
  add(name: string, value: number, from?: Attempt): void {
    const disturbed = from !== undefined && isDisturbed(from);
    this.#values.set(name, [...(this.#values.get(name) ?? []), { value, disturbed }]);
  }

  median(name: string): number {
    return median(this.#of(name));
  }

  #of(name: string): readonly number[] {
    return (this.#values.get(name) ?? []).map(({ value }) => value);
  }

  /** The figure made of the collected rounds. */
  figure(name: string, unit: string, options: FigureOptions = {}): Figure {
    const { floor, atLeast, atMostTimes, atMost, note } = options;
    const value = this.median(name);
    const ratio = floor === undefined ? undefined : ratioToFloor(this.#of(name), this.#of(floor));
    return {
      name,
      unit,
      value,
      rounds: this.#of(name),
      disturbed: (this.#values.get(name) ?? []).filter(({ disturbed }) => disturbed).length,
      ...(floor !== undefined && ratio !== undefined && { against: { name: floor, ratio } }),
      ...(atLeast !== undefined && {
        target: { text: `≥ ${atLeast} × ${floor}`, met: (ratio ?? 0) >= atLeast },
      }),
      ...(atMostTimes !== undefined && {
        target: { text: `≤ ${atMostTimes} × ${floor}`, met: (ratio ?? Infinity) <= atMostTimes },
      }),
      ...(atMost !== undefined && {
        target: { text: `≤ ${atMost} ${unit}`, met: value <= atMost },
      }),
      ...(note !== undefined && { note }),
    };
  }
}
