/** `GET /api/books`: the books of the whole system, for editors. */
import { readAllBooks } from "#lib/books/books.ts";
import { json } from "#lib/http/respond.ts";
import { runtime } from "#lib/web/front.ts";
import { requireEditor, route } from "#lib/web/route-handler.ts";

export const GET = route(async request => {
  await requireEditor(request, runtime());
  return json(await readAllBooks(runtime().store));
});
