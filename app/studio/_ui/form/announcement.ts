/** A sentence for a page that an act leads to, or whose content it changes: what the act did. */

export interface Announcement {
  readonly sentence: string;
  /** The path of the page that says it. */
  readonly path: string;
}

const key = "fg.said";
/** Sent to the page that is open already. */
export const announced = "fg.said";

export function announce(announcement: Announcement): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(announcement));
  } catch {
    // Without storage, the next page itself has to do.
  }
  dispatchEvent(new Event(announced));
}

/** The announcement for a page, once. */
export function takeAnnouncement(path: string): Announcement | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null") as Announcement | null;
    if (found?.path !== path) return undefined;
    sessionStorage.removeItem(key);
    return found;
  } catch {
    return undefined;
  }
}
