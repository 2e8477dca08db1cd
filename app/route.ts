/** `GET /`: open polls. */
import { wallMs } from "#lib/clock.ts";
import { route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { listPage } from "#reader/pages.tsx";
import { htmlResponse } from "#reader/respond.ts";
import { siteOf } from "#reader/site.ts";

export const dynamic = "force-dynamic";

export const GET = route(async () => {
  const { published, config } = runtime();
  return htmlResponse(listPage(siteOf(config), await published.listed(wallMs()), wallMs()));
});
