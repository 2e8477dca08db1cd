/** The readers' script and the script for articles, compressed once. */
import { createHash } from "node:crypto";
import { scriptHeaders } from "#lib/http/headers.ts";
import { type PreparedResponse, prepareResponse } from "#lib/http/prepared-response.ts";
import type { Front } from "#lib/web/front.ts";
import { assets } from "./generated.ts";

/** The readers' script is named by its hash, so caches may store it for ever. */
export function readersScript(front: Front): PreparedResponse {
  return fileOf(front, "script", () => ({
    text: assets.script,
    headers: { ...scriptHeaders, "Cache-Control": "public, max-age=31536000, immutable" },
  }));
}

/** The address of the script for articles never changes, so caches store it for an hour only. */
export function embedScript(front: Front): PreparedResponse {
  return fileOf(front, "embed", () => {
    const { publicUrl } = front.config;
    const text = assets.embedScript.replace(assets.publicUrlMark, JSON.stringify(publicUrl));
    const hash = createHash("sha256").update(text).digest("base64url").slice(0, 12);
    return {
      text,
      headers: {
        ...scriptHeaders,
        "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
        ETag: `W/"${hash}"`,
      },
    };
  });
}

function fileOf(
  { files }: Front,
  name: "script" | "embed",
  make: () => { readonly text: string; readonly headers: Readonly<Record<string, string>> },
): PreparedResponse {
  const known = files.get(name);
  if (known) return known;
  const { text, headers } = make();
  const file = prepareResponse(200, headers, new Uint8Array(Buffer.from(text)), "release");
  files.set(name, file);
  return file;
}
