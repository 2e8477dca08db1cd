/** Messages between the processes of one front. */

/** To a child: finish what is under way, then end. */
export const stopMessage = "stop";
/** From the Next process: it accepts requests. */
export const nextReady = "ready";

/**
 * To a serving process: the socket of the Next process; `null` while it is not running. After a reload, the parent and
 * its serving processes are of different builds, so the property keeps its name.
 */
export interface NextAddress {
  readonly nextAt: string | null;
}

export function isNextAddress(message: unknown): message is NextAddress {
  return typeof message === "object" && message !== null && "nextAt" in message;
}
