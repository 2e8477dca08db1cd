/** `GET /api/books`: the books of the whole system, for editors. */
import { readAllBooks } from "#lib/books/books.ts";
import { json } from "#lib/http/respond.ts";
import { requireEditor, route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";

export const GET = route(async request => {
  await requireEditor(request, runtime());
  return json(await readAllBooks(runtime().store));
});
