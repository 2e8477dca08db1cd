/** Code that shows a poll in an article: the element, the plain frame, the oEmbed answer. */
import type { Config } from "#lib/config/config.ts";
import type { Poll } from "#lib/model/poll.ts";

type Shown = Pick<Poll, "slug" | "question" | "description" | "kind" | "options">;

/** The usual width of an article's column, in pixels. */
const widthDefault = 640;
const widthMin = 280;

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, char => escapes[char] ?? char);

const lines = (text: string, width: number, charWidth: number): number =>
  text === "" ? 0 : Math.max(1, Math.ceil((text.length * charWidth) / width));

/**
 * The approximate height of a poll's card before the vote, in pixels, for an article to reserve. The script sets
 * the exact height when the frame has loaded.
 */
export function reservedHeight(poll: Shown, width: number = widthDefault): number {
  const inner = width - 42;
  const question = lines(poll.question, inner, 11.5) * 29;
  const description = lines(poll.description, inner, 7.2) * 22.5;
  const options = optionsHeight(poll, inner);
  const method = lines("x".repeat(90), inner, 6.4) * 19.5;
  return Math.round(44 + 28 + question + 4 + description + 22.5 + 17 + options + 61 + 54 + method);
}

/** The height of the options: rows, or tiles in two columns. */
function optionsHeight({ kind, options }: Shown, inner: number): number {
  const tiled = kind === "choice" && options.some(({ image }) => image !== undefined);
  if (tiled) {
    const width = (inner - 12) / 2;
    const heights = options.map(
      ({ image, label }) => (image ? width * 0.75 : 0) + lines(label, width - 60, 7.9) * 24 + 20,
    );
    return heights
      .filter((_, index) => index % 2 === 0)
      .reduce((sum, left, row) => sum + Math.max(left, heights[row * 2 + 1] ?? 0) + 12, -12);
  }
  return options
    .map(({ image, label }) => {
      const text = inner - 62 - (image ? 76 : 0);
      return Math.max(image ? 70 : 52, lines(label, text, 7.9) * 24 + 22);
    })
    .reduce((sum, height) => sum + height - 1, 0);
}

/** One line for an article: the script and the element, with a plain link for readers without scripts. */
export function embedCode(publicUrl: string, poll: Shown): string {
  const question = escapeHtml(poll.question);
  return (
    `<script async src="${publicUrl}/embed.js"></script>` +
    `<floodgate-poll poll="${poll.slug}" height="${reservedHeight(poll)}" title="${question}">` +
    `<a href="${publicUrl}/p/${poll.slug}">${question}</a></floodgate-poll>`
  );
}

/** The same as a frame, for systems that strip unknown elements. */
export function frameCode(publicUrl: string, poll: Shown, width: number, height: number): string {
  return (
    `<iframe src="${publicUrl}/embed/${poll.slug}" title="${escapeHtml(poll.question)}" ` +
    `width="${width}" height="${height}" loading="lazy" ` +
    'style="border:0;max-width:100%" allow="clipboard-write; web-share"></iframe>'
  );
}

/** The JSON of `GET /oembed`. */
export function oembedOf(
  { publicUrl, siteName }: Pick<Config, "publicUrl" | "siteName">,
  poll: Shown,
  { maxwidth, maxheight }: { maxwidth?: number | undefined; maxheight?: number | undefined },
) {
  const width = Math.max(widthMin, Math.min(widthDefault, maxwidth ?? widthDefault));
  const height = Math.min(reservedHeight(poll, width), maxheight ?? Number.POSITIVE_INFINITY);
  return {
    version: "1.0",
    type: "rich",
    title: poll.question,
    provider_name: siteName,
    provider_url: publicUrl,
    cache_age: 3600,
    width,
    height,
    html: frameCode(publicUrl, poll, width, height),
  };
}
