/** The range of moments that editors may set. A year outside it is a typing error, and some databases can't hold it. */

/** 1 January 2000 and 1 January 2100, UTC. The first is included, the second is not. */
const momentMsMin = Date.UTC(2000, 0, 1);
const momentMsMax = Date.UTC(2100, 0, 1);

export const momentRangeMessage = "must be in the years 2000 to 2099";

/** Whether an editor may set this moment; milliseconds since 1970. */
export function isInRange(ms: number): boolean {
  return ms >= momentMsMin && ms < momentMsMax;
}
