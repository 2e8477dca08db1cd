/**
 * Who may read the worker's pages. On loopback, whoever is on this machine: but a page in somebody's browser
 * there must not reach them through a name that points here, so the Host header has to be one of loopback's.
 * Bound wider, whoever has the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "#lib/config/loopback.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();

export interface Asking {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/** @param token - `undefined`: bound to loopback, and none is asked for. */
export function mayRead({ host, authorization }: Asking, token: string | undefined): boolean {
  if (token === undefined) return isLoopback((host ?? "").replace(/:\d+$/, ""));
  return timingSafeEqual(digest(tokenIn(authorization ?? "")), digest(token));
}

/** Programs send it as a bearer token; browsers can only be asked for a name (any) and a password. */
function tokenIn(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return "";
  return Buffer.from(value, "base64")
    .toString()
    .replace(/^[^:]*:/, "");
}
