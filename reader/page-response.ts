/** HTTP responses of readers' pages. */
import { createHash } from "node:crypto";
import { embedHeaders, pageHeaders } from "#lib/http/headers.ts";
import { type PreparedResponse, prepareResponse } from "#lib/http/prepared-response.ts";
import type { PollOption } from "#lib/model/poll.ts";
import { assets } from "./generated.ts";

const styleHashes = [assets.styleHash];
const headersOfPages = pageHeaders({ styleHashes });

export interface PageOptions {
  readonly status?: number;
  /** The page is about one reader, so no cache may store it. */
  readonly personal?: boolean;
  /** The page is an embed, and these sites may frame it. */
  readonly embedSites?: readonly string[];
  /** Options whose images the page shows. */
  readonly options?: readonly PollOption[];
  /** See `PageContext.variesByLanguage`. */
  readonly variesByLanguage?: boolean;
  /** Search engines are asked to leave the page out. */
  readonly noindex?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page for one request. Shared caches may store it for a second, unless it is personal or an error. */
export function htmlResponse(html: string, options: PageOptions = {}): Response {
  return new Response(html, { status: options.status ?? 200, headers: headersOf(options) });
}

/** A page for all readers, with an `ETag` for revalidation. */
export function sharedPage(html: string, options: PageOptions = {}): PreparedResponse {
  const body = Buffer.from(html);
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 20);
  const headers = headersOf(options);
  const tagged = cacheable(options) ? { ...headers, ETag: `W/"${digest}"` } : headers;
  return prepareResponse(options.status ?? 200, tagged, body);
}

/** A page about one reader: its length must not tell what is in it. */
const uncompressed = "private, no-store, no-transform";

const cacheable = ({ status = 200, personal = false }: PageOptions) => status === 200 && !personal;

function headersOf(options: PageOptions): Readonly<Record<string, string>> {
  const { embedSites } = options;
  const images = imageOrigins(options.options ?? []);
  return {
    ...(embedSites
      ? embedHeaders({ styleHashes, images }, embedSites)
      : images.length > 0
        ? pageHeaders({ styleHashes, images })
        : headersOfPages),
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": cacheable(options)
      ? "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
      : uncompressed,
    ...(options.noindex && { "X-Robots-Tag": "noindex" }),
    ...(options.variesByLanguage && { Vary: "Accept-Language" }),
    ...options.headers,
  };
}

/** The origins of images on other sites. */
function imageOrigins(options: readonly PollOption[]): readonly string[] {
  const external = options.flatMap(({ image }) =>
    image?.url.startsWith("/") ? [] : (image ?? []),
  );
  return [...new Set(external.map(({ url }) => new URL(url).origin))];
}
