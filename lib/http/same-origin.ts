/**
 * Votes and edits are accepted from our own pages and from programs, not from another site's page: a form or script
 * there could vote in its readers' names.
 *
 * Browsers state a request's origin in two headers that no page can forge: `Sec-Fetch-Site` (to https and localhost)
 * and `Origin` (with every POST). A request with neither comes from a program.
 *
 * Source: Fetch Metadata (W3C) and OWASP's CSRF cheat sheet, "verifying origin with standard headers".
 */
import { FloodgateError } from "../base/errors.ts";
import type { RequestHead } from "./request-head.ts";

/** @throws FloodgateError `forbidden` for a browser's request that another origin caused. */
export function refuseCrossSite(request: RequestHead, publicUrl: string): void {
  const site = request.headers.get("sec-fetch-site");
  if (site === "same-origin") return;
  const origin = request.headers.get("origin");
  if (site === null && origin === null) return;
  if (site === null && origin !== null && isOurs(origin, request, publicUrl)) return;
  throw new FloodgateError("forbidden", {
    detail: "The request was sent by a page of another site.",
  });
}

function isOurs(origin: string, request: RequestHead, publicUrl: string): boolean {
  if (origin === publicUrl) return true;
  const host = request.headers.get("host");
  return host !== null && origin === `${new URL(publicUrl).protocol}//${host}`;
}
