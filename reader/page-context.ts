/** The context of a reader's page: its language, time zone and site name. */
import { parseAccept } from "hono/utils/accept";
import { type Language, languageOfTag } from "#lib/base/languages.ts";
import type { Config } from "#lib/config/config.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { UrlLanguage } from "./views/paths.ts";
import { type Words, wordsIn } from "./words/words.ts";

export interface PageContext {
  readonly words: Words;
  readonly siteName: string;
  readonly publicUrl: string;
  /** The language that `?lang=` asks for, where the poll has none of its own. */
  readonly urlLanguage: UrlLanguage;
  /** The language follows `Accept-Language`, so caches must store one page per language. */
  readonly variesByLanguage: boolean;
}

/** Longer headers are ignored. */
const acceptLengthMax = 200;

/**
 * The context of one request. The language is the poll's own, else that of `?lang=` (an embed takes it from its
 * article), else the reader's, else the site's.
 */
export function pageContextOf(
  config: Config,
  request: RequestHead,
  poll?: Pick<Poll, "language">,
): PageContext {
  const urlLanguage = poll?.language ? undefined : languageInAddress(request);
  const fixed = poll?.language ?? urlLanguage;
  const language = fixed ?? acceptedLanguage(request) ?? config.language;
  return {
    words: wordsIn(language, config.timeZone),
    siteName: config.siteName,
    publicUrl: config.publicUrl,
    urlLanguage,
    variesByLanguage: fixed === undefined,
  };
}

function languageInAddress({ url }: RequestHead): Language | undefined {
  const tag = /[?&]lang=([a-zA-Z-]{2,12})(?:&|$)/.exec(url)?.[1];
  return tag === undefined ? undefined : languageOfTag(tag);
}

/** The first of the reader's languages that has a catalogue. */
function acceptedLanguage(request: RequestHead): Language | undefined {
  const header = request.headers.get("accept-language") ?? "";
  if (header === "" || header.length > acceptLengthMax) return undefined;
  for (const { type, q } of parseAccept(header)) {
    const language = q > 0 ? languageOfTag(type) : undefined;
    if (language) return language;
  }
  return undefined;
}
