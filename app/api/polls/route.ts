/** `GET /api/polls`: editors list polls. `POST /api/polls`: editors create polls. */
import { readJson } from "#lib/http/body.ts";
import { parse } from "#lib/http/problem.ts";
import { json } from "#lib/http/respond.ts";
import { searchText, searchWords } from "#lib/model/search-words.ts";
import { createPoll } from "#lib/polls/create.ts";
import { clientKeyIn, creationKeyOf } from "#lib/polls/creation-key.ts";
import { createPollSchema } from "#lib/polls/schema.ts";
import { pollPage } from "#lib/store/poll-lists.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { pollsQuerySchema, toPollsResponse } from "#lib/web/polls-contract.ts";
import { requireEditor, routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler(async request => {
  const { store, clock } = getFront();
  await requireEditor(request, getFront());
  const parameters = Object.fromEntries(new URL(request.url).searchParams);
  const { state, q = "", limit, cursor } = parse(pollsQuerySchema, parameters);
  const nowMs = clock.nowMs();
  const selection = { state, words: searchWords(searchText(q)), nowMs };
  const found = await pollPage(store, selection, { before: cursor, limit });
  return json(toPollsResponse(found, nowMs), { headers: { "Cache-Control": "private, no-store" } });
});

export const POST = routeHandler(async request => {
  const { edit, config } = getFront();
  const editor = await requireEditor(request, getFront());
  const clientKey = clientKeyIn(request.headers);
  const input = parse(createPollSchema, await readJson(request));
  const creation = clientKey === undefined ? undefined : creationKeyOf(editor.id, clientKey, input);
  const poll = await createPoll(edit, input, getFront().clock.nowMs(), creation);
  return json(toPollResponse(poll, getFront().clock.nowMs()), {
    status: 201,
    headers: { Location: `${config.publicUrl}/api/polls/${poll.slug}` },
  });
});

export const { DELETE, OPTIONS, PATCH, PUT } = otherMethods("GET", "POST");
