/** What a reader's page is made for: the language, the zone, the site's name. */
import type { Config } from "#lib/config.ts";
import type { Site } from "./pages.tsx";
import { Words } from "./words.ts";

export function siteOf(config: Config): Site {
  return {
    words: new Words("en", config.FLOODGATE_TIME_ZONE),
    siteName: config.FLOODGATE_SITE_NAME,
    publicUrl: config.publicUrl,
  };
}
