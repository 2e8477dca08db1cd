/**
 * Receipt codes that people read aloud, write down and type: which digits a code may have had.
 *
 * All letters up to v are digits, so `0` and `o` are two of them, and so are `1`, `i` and `l`. A typed code is read as it
 * stands first, and then with its look-alikes exchanged; its MAC tells which reading is the genuine one. Pure.
 */

const lookAlikes: Readonly<Record<string, string>> = { o: "0", i: "1", l: "1" };
const readingsOf: Readonly<Record<string, string>> = {
  "0": "0o",
  o: "o0",
  "1": "1il",
  i: "i1l",
  l: "l1i",
};
/** No poll's number is so high that its code begins with the digit o: that would be the 3 millionth poll. */
const leadingZeros = 3;
/** Bounds the work for a forged code to some milliseconds. If a code has more readings, the likeliest are tried. */
const readingsMax = 2_048;
const lengthMax = 100;

/** The digits of a typed code, in lower case; `undefined` when it has other characters. */
export function typedDigits(text: string): string | undefined {
  if (text.length > lengthMax) return undefined;
  const digits = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s\p{Pd}\p{Cf}\u2212_.]/gu, "");
  return /^[0-9a-v]+$/.test(digits) ? digits : undefined;
}

/** The same for texts that differ only in digits that look alike. */
export const folded = (digits: string): string =>
  digits.replace(/[oil]/g, digit => lookAlikes[digit] ?? digit);

/**
 * The digits as they were typed, then with look-alikes among the first `count` exchanged: in every way when these are
 * few, else in the likeliest ways.
 */
export function* readings(typed: string, count: number): Generator<string> {
  yield typed;
  const wheels = [...typed].map((digit, at) => {
    if (at >= count) return digit;
    if (at < leadingZeros && digit === "o") return "0";
    return (at < leadingZeros && digit === "0" ? undefined : readingsOf[digit]) ?? digit;
  });
  const total = wheels.reduce((product, wheel) => product * wheel.length, 1);
  if (total <= readingsMax) {
    yield* everyReading(wheels, total);
    return;
  }
  let left = readingsMax;
  for (const reading of likelyReadings(wheels)) {
    if (left-- === 0) return;
    yield reading;
  }
}

function* everyReading(wheels: readonly string[], total: number): Generator<string> {
  for (let number = 0; number < total; number++) {
    let rest = number;
    const digits = wheels.map(wheel => {
      const digit = wheel[rest % wheel.length] ?? "";
      rest = Math.floor(rest / wheel.length);
      return digit;
    });
    yield digits.join("");
  }
}

/** First one or two digits mistaken, wherever they are; then one kind of mistake, however often it was made. */
function* likelyReadings(wheels: readonly string[]): Generator<string> {
  const digits = wheels.map(wheel => wheel[0] ?? "");
  for (const [first, one] of exchanges(wheels, 0)) {
    yield digits.with(first, one).join("");
    for (const [second, two] of exchanges(wheels, first + 1))
      yield digits.with(first, one).with(second, two).join("");
  }
  for (const [from, wheel] of Object.entries(readingsOf)) {
    const places = wheels.flatMap((each, at) => (each === wheel ? [at] : []));
    for (const to of wheel.slice(1)) yield* mistaken(digits, places, from, to);
  }
}

/** Each place from `start` on that has look-alikes, with each of them. */
function* exchanges(wheels: readonly string[], start: number): Generator<[number, string]> {
  for (let at = start; at < wheels.length; at++)
    for (const digit of (wheels[at] ?? "").slice(1)) yield [at, digit];
}

/** Every choice of the places, exchanged for `to`; all of them first. */
function* mistaken(
  digits: readonly string[],
  places: readonly number[],
  from: string,
  to: string,
): Generator<string> {
  for (let kept = 0; kept < 2 ** places.length; kept++) {
    const reading = [...digits];
    for (const [bit, at] of places.entries())
      reading[at] = Math.floor(kept / 2 ** bit) % 2 === 1 ? from : to;
    yield reading.join("");
  }
}
