/** @jsxImportSource hono/jsx */
/** The shell of every reader's page: head, inlined styles, the script, masthead. */

import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { assets } from "../generated.ts";
import type { Words } from "../words.ts";

export interface DocumentProps {
  readonly words: Words;
  readonly siteName: string;
  readonly title: string;
  readonly description?: string;
  /** Address of this page for search engines and sharing. */
  readonly canonical?: string;
  readonly children: Child;
}

function Head({ title, description, canonical }: DocumentProps) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      {description && <meta name="description" content={description} />}
      {canonical && <link rel="canonical" href={canonical} />}
      <meta name="color-scheme" content="light dark" />
      <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      <link
        rel="preload"
        href="/fonts/source-serif-4-latin.woff2"
        as="font"
        type="font/woff2"
        crossorigin=""
      />
      <link
        rel="preload"
        href="/fonts/inter-latin.woff2"
        as="font"
        type="font/woff2"
        crossorigin=""
      />
      <style>{raw(assets.styles)}</style>
      <script type="module" src={assets.scriptPath} />
    </head>
  );
}

function Document(props: DocumentProps) {
  const { words, siteName, children } = props;
  return (
    <html lang={words.locale}>
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

/** A whole page as text. */
export function renderDocument(props: DocumentProps): string {
  return `<!doctype html>${(<Document {...props} />).toString()}`;
}

/** Contents alone, for a frame inside another page: no masthead, no way out. */
export function renderFragment(props: DocumentProps): string {
  const html = (
    <html lang={props.words.locale}>
      <Head {...props} />
      <body class="bare">{props.children}</body>
    </html>
  );
  return `<!doctype html>${html.toString()}`;
}
