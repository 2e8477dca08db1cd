/** Where a poll is, on its own page and in somebody's article. */
import type { Language } from "#lib/languages.ts";
import type { Poll } from "#lib/store/polls.ts";

export type Place = "page" | "embed";

type Named = Pick<Poll, "slug">;

/** The path of a poll's vote page or results. */
export function pathOf({ slug }: Named, place: Place, show: "vote" | "results"): string {
  const base = place === "embed" ? `/embed/${slug}` : `/p/${slug}`;
  return show === "vote" ? base : `${base}/results`;
}

/** Where the form of a card posts to; `more` is one more parameter. */
export function voteAddress({ slug }: Named, place: Place, more = ""): string {
  const query = [place === "embed" ? "from=embed" : "", more].filter(Boolean).join("&");
  return `/api/polls/${slug}/votes${query && `?${query}`}`;
}

/** Where a reader learns what became of a ballot. */
export function receiptPath(code: string): string {
  return `/receipt/${code}`;
}

/**
 * Of the picture that other sites show with a link to a poll. They keep it for long under its address, so
 * that changes with the poll, and says the language where that is each reader's.
 */
export function picturePath(
  { slug, version, language }: Pick<Poll, "slug" | "version" | "language">,
  shown: Language,
): string {
  return `/p/${slug}/og.png?v=${version}${language === null ? `&lang=${shown}` : ""}`;
}
