/** Readers' pages as HTTP answers. */
import { embedHeaders, pageHeaders } from "#lib/http/headers.ts";
import type { PollOption } from "#lib/store/polls.ts";
import { assets } from "./generated.ts";

const styleHashes = [assets.styleHash];
const headersOfPages = pageHeaders({ styleHashes });

export interface PageOptions {
  readonly status?: number;
  /** The page says something about one reader, so nobody may keep it. */
  readonly personal?: boolean;
  /** It is a poll in somebody's article, and these sites may frame it. */
  readonly embedSites?: readonly string[];
  /** Options whose images are on the page. */
  readonly options?: readonly PollOption[];
  /** See `Site.byReader`. */
  readonly byReader?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page that any cache may keep for a second, unless it is personal or an error. */
export function htmlResponse(html: string, options: PageOptions = {}): Response {
  const { status = 200, personal = false, embedSites } = options;
  const images = imageOrigins(options.options ?? []);
  const cacheable = status === 200 && !personal;
  return new Response(html, {
    status,
    headers: {
      ...(embedSites
        ? embedHeaders({ styleHashes, images }, embedSites)
        : images.length > 0
          ? pageHeaders({ styleHashes, images })
          : headersOfPages),
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": cacheable
        ? "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
        : "private, no-store",
      ...(options.byReader && { Vary: "Accept-Language" }),
      ...options.headers,
    },
  });
}

/** Where images come from that are not ours. */
function imageOrigins(options: readonly PollOption[]): readonly string[] {
  const elsewhere = options.flatMap(({ image }) =>
    image?.url.startsWith("/") ? [] : (image ?? []),
  );
  return [...new Set(elsewhere.map(({ url }) => new URL(url).origin))];
}
