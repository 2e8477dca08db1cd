/** @jsxImportSource hono/jsx */
/** The shell of readers' pages: head, inline styles, script, masthead. */

import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { directionOf } from "#lib/base/languages.ts";
import type { PollKind } from "#lib/model/poll-rules.ts";
import { assets } from "../generated.ts";
import type { Words } from "../words/words.ts";
import { pictureSize } from "./paths.ts";

export interface DocumentProps {
  readonly words: Words;
  readonly siteName: string;
  readonly title: string;
  readonly description?: string;
  /** Address of this page for search engines and sharing. */
  readonly canonical?: string;
  /** Address of the oEmbed answer, for systems where editors paste links. */
  readonly oembed?: string;
  /** The picture that other sites show with a link to this page. */
  readonly picture?: { readonly address: string; readonly alt: string };
  /** Search engines are asked to leave the page out. */
  readonly noindex?: boolean;
  /** After which a browser loads the page again. */
  readonly reloadSeconds?: number;
  /** The kind of poll whose script the page loads; none by default. */
  readonly script?: PollKind | undefined;
  readonly children: Child;
}

/** Languages that need the latin-ext fonts, which the page then preloads. */
const extended: ReadonlySet<string> = new Set(["pl"]);

function Head(props: DocumentProps) {
  const { words, siteName, title, description, canonical, oembed } = props;
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      {props.reloadSeconds !== undefined && (
        <meta http-equiv="refresh" content={String(props.reloadSeconds)} />
      )}
      {props.noindex && <meta name="robots" content="noindex" />}
      {description && <meta name="description" content={description} />}
      {canonical && <link rel="canonical" href={canonical} />}
      <meta property="og:type" content="website" />
      <meta property="og:site_name" content={siteName} />
      <meta property="og:title" content={title} />
      {description && <meta property="og:description" content={description} />}
      {canonical && <meta property="og:url" content={canonical} />}
      {props.picture && <Picture {...props.picture} />}
      {oembed && (
        <link rel="alternate" type="application/json+oembed" href={oembed} title={title} />
      )}
      <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      <Font file="source-serif-4-latin" />
      <Font file="inter-latin" />
      {extended.has(words.locale) && (
        <>
          <Font file="source-serif-4-latin-ext" />
          <Font file="inter-latin-ext" />
        </>
      )}
      <StyleAndScript script={props.script} />
    </head>
  );
}

function Picture({ address, alt }: { address: string; alt: string }) {
  return (
    <>
      <meta property="og:image" content={address} />
      <meta property="og:image:type" content="image/png" />
      <meta property="og:image:width" content={String(pictureSize.width)} />
      <meta property="og:image:height" content={String(pictureSize.height)} />
      <meta property="og:image:alt" content={alt} />
      <meta name="twitter:card" content="summary_large_image" />
    </>
  );
}

function Font({ file }: { file: string }) {
  return (
    <link rel="preload" href={`/fonts/${file}.woff2`} as="font" type="font/woff2" crossorigin="" />
  );
}

function StyleAndScript({ script }: Pick<DocumentProps, "script">) {
  return (
    <>
      <meta name="color-scheme" content="light dark" />
      <style>{raw(assets.styles)}</style>
      {script && <script type="module" src={assets.scripts[script].path} />}
    </>
  );
}

function Document(props: DocumentProps) {
  const { words, siteName, children } = props;
  return (
    <html lang={words.locale} dir={directionOf(words.locale)}>
      <Head {...props} />
      <body>
        <a class="skip" href="#main">
          {words.say("skipToPoll")}
        </a>
        <div class="page">
          <header class="masthead">
            <a href="/">{siteName}</a>
          </header>
          <main id="main">{children}</main>
        </div>
      </body>
    </html>
  );
}

/** A whole page as HTML. */
export function renderDocument(props: DocumentProps): string {
  return `<!doctype html>${(<Document {...props} />).toString()}`;
}

/** An embed: the card alone, in the system's fonts. Without a poll, a script still fits it into the article. */
export function renderEmbed({
  words,
  title,
  canonical,
  script = "choice",
  children,
}: DocumentProps): string {
  const html = (
    <html lang={words.locale} dir={directionOf(words.locale)} data-surface="embed">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <meta name="robots" content="noindex" />
        {canonical && <link rel="canonical" href={canonical} />}
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <StyleAndScript script={script} />
      </head>
      <body>
        <main>{children}</main>
      </body>
    </html>
  );
  return `<!doctype html>${html.toString()}`;
}

/** Contents without masthead or links, for the preview frame in the studio. */
export function renderFragment(props: DocumentProps): string {
  const html = (
    <html lang={props.words.locale} dir={directionOf(props.words.locale)}>
      <Head {...props} />
      <body class="bare">
        <main>{props.children}</main>
      </body>
    </html>
  );
  return `<!doctype html>${html.toString()}`;
}
