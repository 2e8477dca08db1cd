/** `POST /api/polls`: editors create polls. */
import { wallMs } from "#lib/base/clock.ts";
import { readJson } from "#lib/http/body.ts";
import { parse } from "#lib/http/problem.ts";
import { json } from "#lib/http/respond.ts";
import { createPoll } from "#lib/polls/edit.ts";
import { createPollSchema } from "#lib/polls/schema.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { runtime } from "#lib/web/front.ts";
import { requireEditor, route } from "#lib/web/route-handler.ts";

export const POST = route(async request => {
  const { edit, config } = runtime();
  await requireEditor(request, runtime());
  const input = parse(createPollSchema, await readJson(request));
  const poll = await createPoll(edit, input, wallMs());
  return json(toPollResponse(poll, wallMs()), {
    status: 201,
    headers: { Location: `${config.publicUrl}/api/polls/${poll.slug}` },
  });
});
