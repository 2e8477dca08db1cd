/** Readers' pages as HTTP answers. */
import { embedHeaders, pageHeaders } from "#lib/http/headers.ts";
import { assets } from "./generated.ts";

const styleHashes = [assets.styleHash];
const headersOfPages = pageHeaders(styleHashes);

export interface PageOptions {
  readonly status?: number;
  /** The page says something about one reader, so nobody may keep it. */
  readonly personal?: boolean;
  /** It is a poll in somebody's article, and these sites may frame it. */
  readonly embedSites?: readonly string[];
  /** See `Site.byReader`. */
  readonly byReader?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page that any cache may keep for a second, unless it is personal or an error. */
export function htmlResponse(html: string, options: PageOptions = {}): Response {
  const { status = 200, personal = false, embedSites } = options;
  const cacheable = status === 200 && !personal;
  return new Response(html, {
    status,
    headers: {
      ...(embedSites ? embedHeaders(styleHashes, embedSites) : headersOfPages),
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": cacheable
        ? "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
        : "private, no-store",
      ...(options.byReader && { Vary: "Accept-Language" }),
      ...options.headers,
    },
  });
}
