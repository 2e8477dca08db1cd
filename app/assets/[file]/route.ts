/** `GET /assets/{file}`: the readers' scripts, named by their hash. */
import { FloodgateError } from "#lib/base/errors.ts";
import { answerFor } from "#lib/http/prepared-response.ts";
import { responseOf } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";
import { kindAt, readersScript } from "#reader/script-response.ts";

interface Context {
  readonly params: Promise<{ readonly file: string }>;
}

export const GET = routeHandler<Context>(async (request, context) => {
  const { file } = await context.params;
  const kind = kindAt(`/assets/${file}`);
  if (!kind) throw new FloodgateError("not_found");
  return responseOf(answerFor(readersScript(getFront(), kind), request.headers));
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
