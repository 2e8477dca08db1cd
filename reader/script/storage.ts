import { attempt } from "./attempt.ts";

/** A slug may have been given to another poll since an entry was stored, so the entry says which poll it is about. */
export interface AboutPoll {
  /** Absent in entries of release 0.2.0. */
  readonly edition?: string;
}

/**
 * What this browser stores of a poll. In another site's page, storage may be denied (Chromium denies it together
 * with third-party cookies); then the data lives as long as the page.
 *
 * - *pending*: a ballot without an answer yet. Until the answer arrives, every attempt uses the same ballot id,
 *   even with other choices, so that an earlier attempt can't count beside it.
 * - *voted*: the reader's own ballot, for pages that come from a cache.
 * - *token*: the voter's identity where no cookie is stored. One for each poll, like the identity in it.
 */
export interface Pending extends AboutPoll {
  readonly ballotId: string;
  readonly choices: readonly string[];
  /** The revision that the ballot replaces. */
  readonly replaces?: number;
}

export type Kind = "pending" | "voted" | "token";

/** The header in which an embed sends and receives its token. */
export const voterHeader = "Floodgate-Voter";

const memory = new Map<string, string>();
/** Other frames and windows of this site; works where storage is denied. */
let others: BroadcastChannel | undefined;
attempt(() => {
  others = new BroadcastChannel("floodgate");
});

const keyOf = (kind: Kind, slug: string): string => `fg-${kind}:${slug}`;

export function store(kind: Kind, slug: string, value: unknown): void {
  const key = keyOf(kind, slug);
  const text = JSON.stringify(value) ?? "";
  memory.set(key, text);
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {}
  if (kind === "voted") others?.postMessage({ key, value });
}

export function stored<T>(kind: Kind, slug: string): T | undefined {
  let text = memory.get(keyOf(kind, slug));
  try {
    text = localStorage.getItem(keyOf(kind, slug)) ?? undefined;
  } catch {}
  let value: unknown;
  attempt(() => {
    value = JSON.parse(text ?? "");
  });
  return looksRight(value) ? (value as T) : undefined;
}

/** Another program of this site, or a reader, may have written the entry: a token is a text, all others have choices. */
const looksRight = (value: unknown) =>
  typeof value === "string"
    ? /^\S+$/.test(value)
    : (value as Pending | undefined)?.choices?.every?.(choice => typeof choice === "string");

/** Only polls that release 0.2.0 made have fewer than 16 digits in their edition, and can have entries without one. */
export const isAbout = (edition: string, entry: AboutPoll): boolean =>
  entry.edition === undefined ? edition.indexOf(".") < 16 : entry.edition === edition;

/** Calls `run` when the reader has cast or changed a vote in another frame or window. */
export function onVotedElsewhere<T extends AboutPoll>(
  slug: string,
  edition: string,
  run: (voted: T) => void,
): void {
  others?.addEventListener("message", ({ data }) => {
    const voted = data.value as T | undefined;
    if (data.key === keyOf("voted", slug) && voted && isAbout(edition, voted)) run(voted);
  });
}

/** Returns false where the browser stores neither data nor cookies, so readers are indistinguishable. */
export function canStore(): boolean {
  try {
    localStorage.setItem("fg-try", "1");
    localStorage.removeItem("fg-try");
    return true;
  } catch {}
  try {
    // The server sets its cookie on https only.
    if (location.protocol !== "https:") return false;
    const attributes = "Secure; SameSite=None; Partitioned; Path=/";
    // biome-ignore lint/suspicious/noDocumentCookie: CookieStore is not there in every browser
    document.cookie = `fg_try=1; ${attributes}`;
    const can = document.cookie.includes("fg_try=1");
    // biome-ignore lint/suspicious/noDocumentCookie: as above
    document.cookie = `fg_try=; Max-Age=0; ${attributes}`;
    return can;
  } catch {
    return false;
  }
}
