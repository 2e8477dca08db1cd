/** `GET /api/books`: the books of the whole site, for editors. */
import { readAllBooks } from "#lib/books/books.ts";
import { json } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { requireEditor, routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler(async request => {
  await requireEditor(request, getFront());
  return json(await readAllBooks(getFront().store));
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
