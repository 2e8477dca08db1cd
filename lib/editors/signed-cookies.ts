/**
 * Cookies that the sign-in library signed under another of our secrets, signed anew for the one in use. The library
 * verifies under one secret only; with this, an editor stays signed in while secrets rotate.
 *
 * Source: better-call, `crypto.mjs`: a cookie is `{value}.{HMAC-SHA-256 in base64}`, percent-encoded.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const ours = /^\s*(?:__Secure-|__Host-)?fg\./;

const signature = (value: string, key: string): string =>
  createHmac("sha256", key).update(value).digest("base64");

function isSigned(value: string, given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(signature(value, key))];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * A `Cookie` header in which the library's cookies are signed under `key`. A cookie that none of the keys signed stays
 * as it is.
 */
export function resignedCookies(header: string, key: string, keys: readonly string[]): string {
  return header
    .split(";")
    .map(cookie => (ours.test(cookie) ? resigned(cookie, key, keys) : cookie))
    .join(";");
}

function resigned(cookie: string, key: string, keys: readonly string[]): string {
  const start = cookie.indexOf("=") + 1;
  const text = decoded(cookie.slice(start).trim());
  const dot = text?.lastIndexOf(".") ?? -1;
  if (text === undefined || dot < 1) return cookie;
  const [value, given] = [text.slice(0, dot), text.slice(dot + 1)];
  if (!keys.some(each => isSigned(value, given, each))) return cookie;
  return cookie.slice(0, start) + encodeURIComponent(`${value}.${signature(value, key)}`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
