/** `POST /api/polls`: editors create polls. */
import { readJson } from "#lib/http/body.ts";
import { parse } from "#lib/http/problem.ts";
import { json } from "#lib/http/respond.ts";
import { createPoll } from "#lib/polls/edit.ts";
import { createPollSchema } from "#lib/polls/schema.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { requireEditor, routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const POST = routeHandler(async request => {
  const { edit, config } = getFront();
  await requireEditor(request, getFront());
  const input = parse(createPollSchema, await readJson(request));
  const poll = await createPoll(edit, input, getFront().clock.nowMs());
  return json(toPollResponse(poll, getFront().clock.nowMs()), {
    status: 201,
    headers: { Location: `${config.publicUrl}/api/polls/${poll.slug}` },
  });
});

export const { DELETE, GET, HEAD, OPTIONS, PATCH, PUT } = otherMethods("POST");
