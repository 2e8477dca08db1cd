/** The preview of an unsaved poll: the readers' card, for a frame in the studio. */
import { FloodgateError } from "#lib/base/errors.ts";
import { languageOfTag } from "#lib/base/languages.ts";
import { readJsonOrForm } from "#lib/http/body.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { pollKinds } from "#lib/model/poll-rules.ts";
import { optionImageSchema } from "#lib/polls/schema.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { pageContextOf } from "#reader/page-context.ts";
import { htmlResponse } from "#reader/page-response.ts";
import { previewPage, previewPoll } from "#reader/preview.tsx";
import { otherMethods } from "#reader/refused-request.ts";
import { optionsOf } from "../_data/options-of-form.ts";
import { readMoment, textOf } from "../_data/read-form.ts";

const languageOf = (form: URLSearchParams) => languageOfTag(form.get("language") ?? "") ?? null;

async function answer(request: Request, form: URLSearchParams): Promise<Response> {
  const { config, auth } = getFront();
  if (!(await (await auth()).editorOf(request.headers)))
    throw new FloodgateError("unauthenticated");
  const text = textOf(form);
  const closesAt = readMoment(text, "closesAt", config.timeZone);
  const poll = previewPoll({
    question: form.get("question") ?? "",
    description: form.get("description") ?? "",
    options: optionsOf(text).map(({ label, image }) => {
      const shown = optionImageSchema.safeParse(image);
      return { label, ...(shown.success && { image: shown.data }) };
    }),
    kind: pollKinds.find(kind => kind === form.get("choices")) ?? "choice",
    choicesMin: Number(form.get("choicesMin") || 1),
    choicesMax: form.get("choices") === "several" ? Number(form.get("choicesMax") ?? 50) : 1,
    closesAtMs: "ms" in closesAt ? closesAt.ms : null,
  });
  const html = previewPage(pageContextOf(config, request, { language: languageOf(form) }), poll);
  return htmlResponse(html, { personal: true, options: poll.options });
}

export const GET = routeHandler(request => answer(request, new URLSearchParams()));

export const POST = routeHandler(async request => {
  refuseCrossSite(request, getFront().config.publicUrl);
  const body = await readJsonOrForm(request);
  return answer(request, body.kind === "form" ? body.value : new URLSearchParams());
});

export const { DELETE, OPTIONS, PATCH, PUT } = otherMethods("GET", "POST");
