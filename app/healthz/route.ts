/** `GET /healthz`: this process answers. */
import { json } from "#lib/http/respond.ts";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return json({ status: "ok" });
}
