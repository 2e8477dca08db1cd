/**
 * Refuses requests that no studio page takes, sets the studio's security headers, and tells pages their path: after
 * signing in, an editor is led back there. Access is checked where data is read.
 *
 * Studio pages are rendered for each request, so their scripts can carry a nonce.
 */
import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { FloodgateError } from "#lib/base/errors.ts";
import { problemResponse } from "#lib/http/problem.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { getFront } from "#lib/web/front.ts";
import { otherMethods } from "#reader/refused-request.ts";
import { pathHeader } from "./app/studio/_data/return-path.ts";

export const config = { matcher: "/studio/:path*" };

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    // Components position themselves with style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The field that React begins with where an action's arguments are sent as a form. */
const formOfArguments = "0";

const others = otherMethods("GET", "POST");

/** The answer to a request that no studio page takes. Next answers such a request with 500. */
async function refusalOf(request: NextRequest): Promise<Response | undefined> {
  const { method } = request;
  if (method === "GET" || method === "HEAD") return undefined;
  if (method !== "POST") return others[method === "OPTIONS" ? "OPTIONS" : "PUT"](request);
  try {
    refuseCrossSite(request, getFront().config.publicUrl);
    if (await isReadable(request)) return undefined;
    throw new FloodgateError("invalid_request", { detail: "The form can't be read." });
  } catch (error) {
    return problemResponse(error);
  }
}

/** True for a body that Next can read: a form, or the arguments of an action. */
async function isReadable(request: NextRequest): Promise<boolean> {
  const isAction = request.headers.has("next-action");
  const isForm = /^multipart\/form-data/i.test(request.headers.get("content-type") ?? "");
  try {
    if (isForm) {
      const form = await request.clone().formData();
      return !isAction || form.has(formOfArguments);
    }
    return !isAction || Array.isArray(JSON.parse(await request.clone().text()));
  } catch {
    return false;
  }
}

/**
 * Next lets an action run where `Origin` is the host that it was asked for. A proxy may have replaced that by its own
 * name for us; the request is known to be from one of our pages by now.
 */
function confirmOrigin(headers: Headers): void {
  const origin = headers.get("origin");
  if (origin !== null && URL.canParse(origin))
    headers.set("x-forwarded-host", new URL(origin).host);
}

/**
 * A page that another site made the browser ask for is not compressed: from its length, that site could guess what is in
 * it by searching for it (BREACH).
 */
function cachingOf({ headers }: NextRequest): string {
  const site = headers.get("sec-fetch-site") ?? "none";
  const isOurs = site === "same-origin" || site === "none";
  return isOurs ? "private, no-store" : "private, no-store, no-transform";
}

export async function proxy(request: NextRequest): Promise<Response> {
  // The preview is a reader's page in a frame of the studio, with headers and methods of its own.
  if (request.nextUrl.pathname === "/studio/preview") return NextResponse.next();
  const refusal = await refusalOf(request);
  if (refusal) return refusal;
  const csp = policy(randomBytes(16).toString("base64"));
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", csp);
  headers.set(pathHeader, request.nextUrl.pathname + request.nextUrl.search);
  if (request.method === "POST") confirmOrigin(headers);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", csp);
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.set("Cache-Control", cachingOf(request));
  return response;
}
