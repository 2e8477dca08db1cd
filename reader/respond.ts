/** Readers' pages as HTTP answers. */
import { pageHeaders } from "#lib/http/headers.ts";
import { assets } from "./generated.ts";

const headers = pageHeaders([assets.styleHash]);

export interface PageOptions {
  readonly status?: number;
  /** The page says something about one reader, so nobody may keep it. */
  readonly personal?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page that any cache may keep for a second, unless it is personal or an error. */
export function htmlResponse(html: string, options: PageOptions = {}): Response {
  const { status = 200, personal = false } = options;
  const cacheable = status === 200 && !personal;
  return new Response(html, {
    status,
    headers: {
      ...headers,
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": cacheable
        ? "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
        : "private, no-store",
      ...options.headers,
    },
  });
}
