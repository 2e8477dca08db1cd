/** @jsxImportSource hono/jsx */
/** Readers' pages as whole documents: pure functions of their arguments. */

import { pollState } from "#lib/model/poll-state.ts";
import type { ListedPoll } from "#lib/polls/published.ts";
import type { PageContext } from "./page-context.ts";
import type { CardProps } from "./views/card-props.ts";
import { renderDocument, renderEmbed } from "./views/document.tsx";
import { picturePath, pollPath, type Surface, type UrlLanguage } from "./views/paths.ts";
import { PollCard } from "./views/poll-card.tsx";
import { resultsSentence } from "./views/result-list.tsx";
import type { WordKey, Words } from "./words/words.ts";

/** The vote page, the page before the opening, or the results. */
export function pollPage(
  context: PageContext,
  card: Omit<CardProps, "words" | "siteName" | "urlLanguage">,
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
    canonical: publicUrl + pollPath(poll, "page", show),
    oembed: `${publicUrl}/oembed?url=${encodeURIComponent(address)}`,
    picture: {
      address: publicUrl + picturePath(poll, words.locale),
      alt: sentence || poll.question,
    },
    children: (
      <PollCard words={words} siteName={siteName} urlLanguage={context.urlLanguage} {...card} />
    ),
  });
}

/** `/`: open, scheduled and recently closed polls. */
export function listPage(
  context: PageContext,
  polls: readonly ListedPoll[],
  nowMs: number,
): string {
  const { words, siteName, publicUrl, urlLanguage } = context;
  const of = (...states: string[]) => polls.filter(poll => states.includes(pollState(poll, nowMs)));
  const open = of("open");
  const scheduled = of("scheduled");
  const closed = of("closing", "final");
  return renderDocument({
    words,
    siteName,
    title: `${words.say("pollsTitle")} – ${siteName}`,
    canonical: `${publicUrl}/`,
    children: (
      <>
        <h1 class="headline">{words.say("pollsTitle")}</h1>
        {open.length === 0 && <p class="lede">{words.say("noPolls")}</p>}
        {open.length > 0 && (
          <PollList words={words} urlLanguage={urlLanguage} polls={open} nowMs={nowMs} />
        )}
        {scheduled.length > 0 && (
          <>
            <h2 class="section-title">{words.say("scheduledPolls")}</h2>
            <PollList words={words} urlLanguage={urlLanguage} polls={scheduled} nowMs={nowMs} />
          </>
        )}
        {closed.length > 0 && (
          <>
            <h2 class="section-title">{words.say("closedPolls")}</h2>
            <PollList words={words} urlLanguage={urlLanguage} polls={closed} nowMs={nowMs} />
          </>
        )}
      </>
    ),
  });
}

interface PollListProps {
  readonly words: Words;
  readonly urlLanguage: UrlLanguage;
  readonly polls: readonly ListedPoll[];
  readonly nowMs: number;
}

function PollList({ words, urlLanguage, polls, nowMs }: PollListProps) {
  return (
    <ul class="poll-list">
      {polls.map(poll => (
        <li>
          <a href={pollPath(poll, "page", "vote", urlLanguage)}>
            <span class="poll-list-question">
              <bdi>{poll.question}</bdi>
            </span>
            <span class="poll-list-state">{stateInWords(words, poll, nowMs)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function stateInWords(words: Words, poll: ListedPoll, nowMs: number): string {
  const state = pollState(poll, nowMs);
  if (state === "final") return words.say("finalResult");
  if (state === "closing") return words.say("closing");
  if (state === "scheduled" && poll.opensAtMs !== null) {
    return words.say("opensAt", { when: words.when(poll.opensAtMs, nowMs) });
  }
  if (poll.closesAtMs === null) return words.say("openUntilClosed");
  return words.say("closesAt", { when: words.when(poll.closesAtMs, nowMs) });
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
