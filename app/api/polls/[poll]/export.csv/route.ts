/** `GET /api/polls/{poll}/export.csv`: a poll's ballots, for editors. */
import { FloodgateError } from "#lib/base/errors.ts";
import { dataHeaders } from "#lib/http/headers.ts";
import { findPoll } from "#lib/store/polls.ts";
import { ballotsAsCsv } from "#lib/web/ballots-csv.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, requireEditor, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const { store } = getFront();
  await requireEditor(request, getFront());
  const poll = await findPoll(store, await slugOf(context));
  if (!poll) throw new FloodgateError("poll_not_found");
  if (poll.resultsTo === "nobody" && poll.finalizedAtMs === null) {
    throw new FloodgateError("forbidden", {
      detail:
        "The results of this poll are hidden from everyone. Export its ballots once it is final.",
    });
  }
  return new Response(ballotsAsCsv(store, poll), {
    headers: {
      ...dataHeaders,
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${poll.slug}.csv"`,
      "Cache-Control": "no-store",
    },
  });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
