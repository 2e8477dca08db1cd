/** @jsxImportSource hono/jsx */
/** Readers' pages as whole documents: pure functions of their arguments. */

import type { PageContext } from "./page-context.ts";
import type { CardProps } from "./views/card-props.ts";
import { renderDocument, renderEmbed } from "./views/document.tsx";
import { picturePath, pollPath, type Surface } from "./views/paths.ts";
import { PollCard } from "./views/poll-card.tsx";
import { resultsSentence } from "./views/result-list.tsx";
import type { WordKey } from "./words/words.ts";

/** The vote page, the page before the opening, or the results. */
export function pollPage(
  context: PageContext,
  card: Omit<CardProps, "words" | "siteName" | "publicUrl" | "urlLanguage">,
): string {
  const { words, siteName, publicUrl } = context;
  const { poll, show, surface } = card;
  const title = show === "vote" ? poll.question : `${words.say("results")}: ${poll.question}`;
  const about = poll.description.replace(/\s+/g, " ") || poll.question;
  const address = publicUrl + pollPath(poll, "page", "vote");
  const sentence = show === "results" ? resultsSentence({ words, ...card }) : "";
  const render = surface === "embed" ? renderEmbed : renderDocument;
  return render({
    words,
    siteName,
    title: `${title} – ${siteName}`,
    description: sentence || about,
    noindex: !poll.listed,
    script: poll.kind,
    canonical: publicUrl + pollPath(poll, "page", show),
    oembed: `${publicUrl}/oembed?url=${encodeURIComponent(address)}`,
    picture: {
      address: publicUrl + picturePath(poll, words.locale),
      alt: sentence || poll.question,
    },
    children: (
      <PollCard
        words={words}
        siteName={siteName}
        publicUrl={publicUrl}
        urlLanguage={context.urlLanguage}
        {...card}
      />
    ),
  });
}

/**
 * A page with only a message, for an unknown address or an outage.
 *
 * @param reloadSeconds - after which a browser loads the address again; `undefined` for never.
 */
export function messagePage(
  { words, siteName }: PageContext,
  surface: Surface,
  title: WordKey,
  body: WordKey,
  reloadSeconds?: number,
): string {
  const children =
    surface === "embed" ? (
      <article class="poll">
        <h1 class="poll-question">{words.say(title)}</h1>
        <p class="poll-dek">{words.say(body)}</p>
      </article>
    ) : (
      <>
        <h1 class="headline">{words.say(title)}</h1>
        <p class="lede">{words.say(body)}</p>
        <p>
          <a href="/">{words.say("allPolls")}</a>
        </p>
      </>
    );
  const render = surface === "embed" ? renderEmbed : renderDocument;
  return render({
    words,
    siteName,
    title: `${words.say(title)} – ${siteName}`,
    children,
    ...(reloadSeconds !== undefined && { reloadSeconds }),
  });
}

/** The page for an unknown poll. */
export function notFoundPage(context: PageContext, surface: Surface = "page"): string {
  return messagePage(context, surface, "notFoundTitle", "notFoundBody");
}
