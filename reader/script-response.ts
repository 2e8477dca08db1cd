/** The readers' scripts and the script for articles, compressed once. */
import { createHash } from "node:crypto";
import { scriptHeaders } from "#lib/http/headers.ts";
import { type PreparedResponse, prepareResponse } from "#lib/http/prepared-response.ts";
import { type PollKind, pollKinds } from "#lib/model/poll-rules.ts";
import type { Front } from "#lib/web/front.ts";
import { assets } from "./generated.ts";

/** The kind of poll whose script has this address; `undefined` if none has. */
export const kindAt = (path: string): PollKind | undefined =>
  pollKinds.find(kind => assets.scripts[kind].path === path);

/** The script for polls of a kind. It is named by its hash, so caches may store it for ever. */
export function readersScript(front: Front, kind: PollKind): PreparedResponse {
  return fileOf(front, kind, () => ({
    text: assets.scripts[kind].text,
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
  name: PollKind | "embed",
  make: () => { readonly text: string; readonly headers: Readonly<Record<string, string>> },
): PreparedResponse {
  const known = files.get(name);
  if (known) return known;
  const { text, headers } = make();
  const file = prepareResponse(200, headers, new Uint8Array(Buffer.from(text)), "release");
  files.set(name, file);
  return file;
}
