/** `GET /healthz`: this process responds. */
import { json } from "#lib/http/respond.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return json({ status: "ok" });
}

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
