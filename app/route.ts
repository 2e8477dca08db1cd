/** `GET /`: open polls. */
import { wallMs } from "#lib/clock.ts";
import { route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { listPage } from "#reader/pages.tsx";
import { htmlResponse } from "#reader/respond.ts";
import { siteOf } from "#reader/site.ts";

export const dynamic = "force-dynamic";

export const GET = route(async request => {
  const { published, config } = runtime();
  const site = siteOf(config, request);
  const html = listPage(site, await published.listed(wallMs()), wallMs());
  return htmlResponse(html, { byReader: site.byReader });
});
