/**
 * What this browser keeps of a poll. Where it keeps nothing inside other sites' pages (Chromium, when it
 * blocks third-party cookies, denies storage too), a vote lives as long as its page.
 *
 * - *pending*: a ballot on its way. As long as its answer is not in, the same ballot id is used, whatever
 *   is chosen: so that what was sent before can't count beside it.
 * - *voted*: what stands for this reader, for pages that come from a cache and know no reader.
 * - *token*: who voted, where no cookie is kept. One for each poll, like the identity in it.
 */
export interface Pending {
  readonly ballotId: string;
  readonly choices: readonly string[];
  /** It changes the ballot of that revision. */
  readonly replaces?: number;
}

export type Kind = "pending" | "voted" | "token";

/** Header in which an embed sends its token, and is given it. */
export const voterHeader = "Floodgate-Voter";

const memory = new Map<string, string>();
/** Other frames and windows that show us; works where storage is denied. */
const others = new BroadcastChannel("floodgate");

const keyOf = (kind: Kind, slug: string): string => `fg-${kind}:${slug}`;

export function store(kind: Kind, slug: string, value: unknown): void {
  const key = keyOf(kind, slug);
  if (value === undefined) memory.delete(key);
  else memory.set(key, JSON.stringify(value));
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {}
  if (kind === "voted") others.postMessage({ key, value });
}

export function stored<T>(kind: Kind, slug: string): T | undefined {
  let text = memory.get(keyOf(kind, slug));
  try {
    text = localStorage.getItem(keyOf(kind, slug)) ?? undefined;
  } catch {}
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** Calls back when the reader has voted in another frame or window, or changed the vote. */
export function onVotedElsewhere<T>(slug: string, run: (voted: T) => void): void {
  others.addEventListener("message", ({ data }) => {
    if (data.key === keyOf("voted", slug) && data.value) run(data.value as T);
  });
}

/** False where a reader could not be told from the next one: nothing is kept, no cookie either. */
export function canStore(): boolean {
  try {
    localStorage.setItem("fg-try", "1");
    localStorage.removeItem("fg-try");
    return true;
  } catch {}
  try {
    // Like the server's, which it sets on https only.
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
