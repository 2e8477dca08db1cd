/** What the processes of one front tell each other. */

/** To a child: finish, then end. */
export const stopMessage = "stop";
/** From the pages process: it answers. */
export const pagesReady = "ready";

/** To a serving process: where the pages process answers; `null`: nowhere, just now. */
export interface PagesAt {
  readonly pagesAt: string | null;
}

export function isPagesAt(message: unknown): message is PagesAt {
  return typeof message === "object" && message !== null && "pagesAt" in message;
}
