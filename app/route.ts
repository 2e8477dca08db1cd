/** `GET /`: open polls. */
import { answerFor } from "#lib/http/prepared-response.ts";
import { responseOf } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { pageContextOf } from "#reader/page-context.ts";
import { pageHandler } from "#reader/page-handler.ts";
import { sharedPage } from "#reader/page-response.ts";
import { otherMethods } from "#reader/refused-request.ts";
import { listPage } from "#reader/render-pages.tsx";

export const dynamic = "force-dynamic";

export const GET = pageHandler(async request => {
  const front = getFront();
  const site = pageContextOf(front.config, request);
  const page = await front.sharedPages.get(
    `list ${site.words.locale} ${site.variesByLanguage}`,
    "",
    async () => {
      const html = listPage(
        site,
        await front.published.listed(front.clock.nowMs()),
        front.clock.nowMs(),
      );
      return sharedPage(html, { variesByLanguage: site.variesByLanguage });
    },
  );
  return responseOf(answerFor(page, request.headers));
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
