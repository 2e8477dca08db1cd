/** `GET /healthz`: this process responds. */
import { json } from "#lib/http/respond.ts";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return json({ status: "ok" });
}
