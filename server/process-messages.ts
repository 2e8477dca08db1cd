/** What the processes of one front tell each other. */

/** To a child: finish, then end. */
export const stopMessage = "stop";
/** From the pages process: it answers. */
export const nextReady = "ready";

/** To a serving process: where the pages process answers; `null`: nowhere, just now. */
export interface NextAddress {
  readonly pagesAt: string | null;
}

export function isNextAddress(message: unknown): message is NextAddress {
  return typeof message === "object" && message !== null && "pagesAt" in message;
}
