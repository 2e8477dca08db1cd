/** A part of a tally: a measure of an option, as one number. What there is to measure: `model/tally-parts.ts`. */
import type { OptionNumber, TallyPart } from "./ids.ts";

const measureSize = 64; // > optionNumberMax

/** Measure 0 of an option has the option's own number. */
export function partOf(option: OptionNumber, measure: number): TallyPart {
  return (option + measure * measureSize) as TallyPart;
}

export function splitPart(part: TallyPart): { option: OptionNumber; measure: number } {
  return {
    option: (part % measureSize) as OptionNumber,
    measure: Math.floor(part / measureSize),
  };
}
