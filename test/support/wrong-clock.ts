/** Programs whose machine's clock is wrong. */

/** Runs in the program before everything else. The monotonic clock stays right, as when a clock was set wrong. */
const preload = (aheadMs: number) => `
  const RightDate = Date;
  const wrongMs = () => RightDate.now() + ${aheadMs};
  globalThis.Date = new Proxy(RightDate, {
    construct: (_, values) => Reflect.construct(RightDate, values.length > 0 ? values : [wrongMs()]),
    get: (_, name) => (name === "now" ? wrongMs : Reflect.get(RightDate, name)),
  });
`;

/** The environment of a program whose clock is ahead; negative: behind. */
export function clockAhead(byMs: number): Record<string, string> {
  const script = encodeURIComponent(preload(byMs));
  return { NODE_OPTIONS: `--import=data:text/javascript,${script}` };
}
