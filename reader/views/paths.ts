/** Paths of a poll: its own pages, its embed, its vote endpoint, its picture. */
import type { Language } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";

/** A poll is shown on its own page, or embedded in an article. */
export type Surface = "page" | "embed";

type HasSlug = Pick<Poll, "slug">;

/** The language requested by `?lang=`, which links on the page pass on. */
export type UrlLanguage = Language | undefined;

/** The path of a poll's vote page or results. */
export function pollPath(
  { slug }: HasSlug,
  surface: Surface,
  show: "vote" | "results",
  urlLanguage?: UrlLanguage,
): string {
  const base = surface === "embed" ? `/embed/${slug}` : `/p/${slug}`;
  return withQuery(show === "vote" ? base : `${base}/results`, languageParameter(urlLanguage));
}

/** The path of the form that changes a vote. */
export function changePath({ slug }: HasSlug, surface: Surface, urlLanguage: UrlLanguage): string {
  return withQuery(pollPath({ slug }, surface, "vote"), "change", languageParameter(urlLanguage));
}

/** The address that the vote form posts to; `more` is one more parameter. */
export function votePath(
  { slug }: HasSlug,
  surface: Surface,
  urlLanguage: UrlLanguage,
  more = "",
): string {
  const from = surface === "embed" ? "from=embed" : "";
  return withQuery(`/api/polls/${slug}/votes`, from, languageParameter(urlLanguage), more);
}

/** Where the card of a poll leads after a form has been sent. */
export function answeredPath(
  { slug }: HasSlug,
  surface: Surface,
  show: "vote" | "results",
  urlLanguage: UrlLanguage,
  answer: string,
): string {
  return withQuery(pollPath({ slug }, surface, show), answer, languageParameter(urlLanguage));
}

/** An address as readers type it. */
export const typedAddress = (address: string): string => address.replace(/^https?:\/\//, "");

/** The path of a receipt. */
export function receiptPath(code: string, urlLanguage?: UrlLanguage): string {
  return withQuery(`/receipt/${code}`, languageParameter(urlLanguage));
}

const languageParameter = (urlLanguage: UrlLanguage): string =>
  urlLanguage === undefined ? "" : `lang=${urlLanguage}`;

function withQuery(path: string, ...parameters: readonly string[]): string {
  const query = parameters.filter(Boolean).join("&");
  return query ? `${path}?${query}` : path;
}

/** What the address of the list of polls asks for. */
export interface ListQuery {
  /** From 1. */
  readonly page?: number;
  /** Words to search for. */
  readonly q?: string;
  readonly state?: "scheduled" | "open" | "closed";
  /** Polls with lower numbers than this one. */
  readonly before?: number;
}

/** The path of the list of polls. */
export function listPath(
  { page = 1, q, state, before }: ListQuery,
  urlLanguage?: UrlLanguage,
): string {
  return withQuery(
    "/",
    q ? `q=${encodeURIComponent(q)}` : "",
    state ? `state=${state}` : "",
    before === undefined ? "" : `before=${before}`,
    page > 1 ? `page=${page}` : "",
    languageParameter(urlLanguage),
  );
}

/** Size of the picture at `picturePath`, in pixels. */
export const pictureSize = { width: 1200, height: 630 } as const;

/** Digits of the poll key that tell the pictures of one slug apart. */
const pictureKeyDigits = 6;

/**
 * The path of the picture that other sites show with a link to a poll. They cache it for a long time under its
 * address, so the address changes with the poll and its version, and names the language where the poll has none of its
 * own.
 */
export function picturePath(
  { key, slug, version, language }: Pick<Poll, "key" | "slug" | "version" | "language">,
  shown: Language,
): string {
  return `/p/${slug}/og.png?v=${version}-${key.slice(-pictureKeyDigits)}${language === null ? `&lang=${shown}` : ""}`;
}
