/** Code that shows a poll in an article: the element, the plain frame, the oEmbed answer. */
import type { Config } from "#lib/config/config.ts";
import { embedHeight, embedHeightCss, type Shown } from "./embed-height.ts";

/** The usual width of an article's column, in pixels. */
const widthDefault = 640;

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, char => escapes[char] ?? char);

/** The narrowest phones that are common: text takes the most lines there. */
const phoneWidth = 340;

/**
 * One line for an article: the script, and the poll in a frame, which shows it without the script too. Its height is
 * reserved by its own style for every width of the column (`embed-height.ts`); where a publishing system removes the
 * element, by the window's width; where it removes styles, by the attribute, for phones.
 */
export function embedCode(publicUrl: string, poll: Shown): string {
  const frame = frameCode(publicUrl, poll, widthDefault, embedHeight(poll, phoneWidth));
  return (
    `<script async src="${publicUrl}/embed.js"></script>` +
    `<floodgate-poll poll="${poll.slug}" ` +
    `style="display:block;width:100%;container-type:inline-size">${frame}</floodgate-poll>`
  );
}

/** The frame alone, for systems that remove unknown elements. */
export function frameCode(
  publicUrl: string,
  poll: Shown,
  width: number,
  height: number,
  limits = "",
): string {
  return (
    `<iframe src="${publicUrl}/embed/${poll.slug}" title="${escapeHtml(poll.question)}" ` +
    `width="${width}" height="${height}" loading="lazy" ` +
    `style="display:block;width:100%;height:${embedHeightCss(poll)};border:0${limits}" ` +
    'allow="clipboard-write; web-share"></iframe>'
  );
}

interface Limits {
  readonly maxwidth?: number | undefined;
  readonly maxheight?: number | undefined;
}

/**
 * The JSON of `GET /oembed`. A consumer knows one width and its readers have many, so the height is that of a phone.
 * With `maxheight`, the poll scrolls in its frame where it is higher.
 */
export function oembedOf(
  { publicUrl, siteName }: Pick<Config, "publicUrl" | "siteName">,
  poll: Shown,
  { maxwidth, maxheight }: Limits,
) {
  const width = Math.min(widthDefault, maxwidth ?? widthDefault);
  const needed = embedHeight(poll, Math.min(width, phoneWidth));
  const height = Math.min(needed, maxheight ?? Number.POSITIVE_INFINITY);
  const limit = maxheight === undefined ? "" : `;max-height:${maxheight}px`;
  const frame = frameCode(publicUrl, poll, width, height, `;max-width:${width}px${limit}`);
  return {
    version: "1.0",
    type: "rich",
    title: poll.question,
    provider_name: siteName,
    provider_url: publicUrl,
    cache_age: 3600,
    width,
    height,
    html: `<div style="width:100%;max-width:${width}px;container-type:inline-size">${frame}</div>`,
  };
}
