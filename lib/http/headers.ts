/**
 * Headers of ours, and security headers: one set for each class of answer, stated here and nowhere else.
 *
 * | class  | may be framed by          | scripts            |
 * |--------|---------------------------|--------------------|
 * | page   | its own origin            | our own files only |
 * | embed  | the sites that may embed  | our own files only |
 * | data   | no page                   | none               |
 * | script | (any site may load it)    |                    |
 * | picture| (any site may show it)    | none               |
 *
 * Pages are cacheable, so there is no nonce in them: their scripts and styles are files of ours, or
 * inline pieces whose hashes are listed.
 */

/** The header in which the front states the client's address; a client's own is removed. */
export const clientAddressHeader = "x-floodgate-client";

/** In a request: routes send their answer as it is, because the server compresses it afterwards. */
export const wholeHeader = "x-floodgate-whole";

const always = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
} as const;

/** JSON, events, CSV, problems. */
export const dataHeaders: Readonly<Record<string, string>> = {
  ...always,
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "X-Frame-Options": "DENY",
};

/** What a page loads that is not a file of ours. */
export interface PageSources {
  /** CSP hashes of its inline styles, like `'sha256-…'`. */
  readonly styleHashes: readonly string[];
  /** Origins of the images on it. */
  readonly images?: readonly string[];
  /** Its elements have styles of their own, as code for other sites' articles has. */
  readonly styleAttributes?: boolean;
}

/** Readers' pages. */
export function pageHeaders(sources: PageSources): Readonly<Record<string, string>> {
  return {
    ...always,
    "Content-Security-Policy": pagePolicy(sources, ["'self'"]),
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
  };
}

/**
 * A poll in an article. No `X-Frame-Options`: it can't name a list of sites.
 *
 * @param sites - who may frame it, as CSP sources.
 */
export function embedHeaders(
  sources: PageSources,
  sites: readonly string[],
): Readonly<Record<string, string>> {
  return {
    ...always,
    "Content-Security-Policy": pagePolicy(sources, ["'self'", ...sites]),
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
}

/** The script that articles load. */
export const scriptHeaders: Readonly<Record<string, string>> = {
  ...always,
  "Content-Type": "text/javascript; charset=utf-8",
  "Access-Control-Allow-Origin": "*",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

/** Pictures for other sites, which may keep them; a change shows within a minute. */
export const pictureHeaders: Readonly<Record<string, string>> = {
  ...always,
  "Content-Type": "image/png",
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "Cache-Control": "public, max-age=60, s-maxage=30, stale-while-revalidate=300",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

function pagePolicy(
  { styleHashes, images = [], styleAttributes = false }: PageSources,
  ancestors: readonly string[],
): string {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${styleHashes.join(" ")}`.trim(),
    ...(styleAttributes ? ["style-src-attr 'unsafe-inline'"] : []),
    ["img-src 'self' data:", ...images].join(" "),
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-src 'self'",
    `frame-ancestors ${ancestors.join(" ")}`,
  ];
  return policy.join("; ");
}
