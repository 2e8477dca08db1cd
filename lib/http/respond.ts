/** Answers that are not problems. */
import { dataHeaders } from "./headers.ts";

/** A JSON answer, not cacheable unless `headers` says otherwise. */
export function json(
  body: unknown,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const headers = new Headers(dataHeaders);
  headers.set("Content-Type", "application/json");
  headers.set("Cache-Control", "no-store");
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  return new Response(JSON.stringify(body), { status: options.status ?? 200, headers });
}

/** A JSON answer whose bytes are there already. */
export function jsonBytes(bytes: Uint8Array, headers: Readonly<Record<string, string>>): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { ...dataHeaders, "Content-Type": "application/json", ...headers },
  });
}
