/** The poll that an editor is writing, as readers will see it: the real card, in a frame of the studio. */
import { FloodgateError } from "#lib/errors.ts";
import { readJsonOrForm } from "#lib/http/body.ts";
import { route } from "#lib/http/route.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { languageOfTag } from "#lib/languages.ts";
import { runtime } from "#lib/runtime.ts";
import { pollKinds } from "#lib/store/poll-rules.ts";
import { parseLocalTime } from "#lib/time-zone.ts";
import { previewPage } from "#reader/preview.tsx";
import { htmlResponse } from "#reader/respond.ts";
import { siteOf } from "#reader/site.ts";

const languageOf = (form: URLSearchParams) => languageOfTag(form.get("language") ?? "") ?? null;

async function answer(request: Request, form: URLSearchParams): Promise<Response> {
  const { config, auth } = runtime();
  if (!(await (await auth()).editorOf(request.headers)))
    throw new FloodgateError("unauthenticated");
  const closesAt = form.get("closesAt");
  const html = previewPage(siteOf(config, request, { language: languageOf(form) }), {
    question: form.get("question") ?? "",
    description: form.get("description") ?? "",
    labels: (form.get("options") ?? "").split(/\r?\n/),
    kind: pollKinds.find(kind => kind === form.get("choices")) ?? "choice",
    choicesMax: form.get("choices") === "several" ? Number(form.get("choicesMax") ?? 50) : 1,
    closesAtMs: (closesAt && parseLocalTime(closesAt, config.FLOODGATE_TIME_ZONE)) || null,
  });
  return htmlResponse(html, { personal: true });
}

export const GET = route(request => answer(request, new URLSearchParams()));

export const POST = route(async request => {
  refuseCrossSite(request, runtime().config.publicUrl);
  const body = await readJsonOrForm(request);
  return answer(request, body.kind === "form" ? body.value : new URLSearchParams());
});
