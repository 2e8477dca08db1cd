/** `GET /demo`: an article with polls in it. */
import { pageHeaders } from "#lib/http/headers.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { demoPage, pollsForDemo } from "#reader/demo.tsx";
import { assets } from "#reader/generated.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export const GET = routeHandler(async () => {
  const { published, config } = getFront();
  const chosen = pollsForDemo(
    await published.listed(getFront().clock.nowMs()),
    getFront().clock.nowMs(),
  );
  const found = await Promise.all(chosen.map(({ slug }) => published.find(slug)));
  const html = demoPage({
    siteName: config.siteName,
    publicUrl: config.publicUrl,
    polls: found.filter(poll => poll !== null),
  });
  return new Response(html, {
    headers: {
      ...pageHeaders({ styleHashes: [assets.demoStyleHash], styleAttributes: true }),
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "public, max-age=0, s-maxage=1, stale-while-revalidate=5",
    },
  });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
