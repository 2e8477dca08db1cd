/**
 * Who may read the worker's pages.
 *
 * On loopback, every program on this machine may read the pages. A website must not reach them through a domain name
 * that points here (DNS rebinding), so the Host header has to name loopback. On any other address, only clients with
 * the token may.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "#lib/config/loopback.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();

export interface RequestHeaders {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/** @param token - `undefined`: bound to loopback, and no token is needed. */
export function mayRead(
  { host, authorization }: RequestHeaders,
  token: string | undefined,
): boolean {
  if (token === undefined) return isLoopback((host ?? "").replace(/:\d+$/, ""));
  return timingSafeEqual(digest(tokenIn(authorization ?? "")), digest(token));
}

/** Programs send a bearer token; browsers can only send a user name (any) and a password. */
function tokenIn(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return "";
  return Buffer.from(value, "base64")
    .toString()
    .replace(/^[^:]*:/, "");
}
