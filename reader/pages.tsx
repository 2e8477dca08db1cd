/** @jsxImportSource hono/jsx */
/** Readers' pages, as whole documents: each is a function of what it shows, and nothing else. */
import type { ListedPoll } from "#lib/polls/published.ts";
import { pollState } from "#lib/polls/state.ts";
import { renderDocument } from "./views/document.tsx";
import { type CardProps, PollCard } from "./views/poll-card.tsx";
import type { Words } from "./words.ts";

export interface Site {
  readonly words: Words;
  readonly siteName: string;
  readonly publicUrl: string;
}

/** The vote page, or what stands in its place: holding page, results. */
export function pollPage(site: Site, card: Omit<CardProps, "words">): string {
  const { words, siteName, publicUrl } = site;
  const { poll, show } = card;
  const path = show === "vote" ? `/p/${poll.slug}` : `/p/${poll.slug}/results`;
  const title = show === "vote" ? poll.question : `${words.say("results")}: ${poll.question}`;
  return renderDocument({
    words,
    siteName,
    title: `${title} – ${siteName}`,
    description: poll.description || poll.question,
    canonical: publicUrl + path,
    children: <PollCard words={words} {...card} />,
  });
}

/** `/`: the polls that are open, those that will be, and the latest that were. */
export function listPage(site: Site, polls: readonly ListedPoll[], nowMs: number): string {
  const { words, siteName, publicUrl } = site;
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
        {open.length > 0 && <PollList words={words} polls={open} nowMs={nowMs} />}
        {scheduled.length > 0 && (
          <>
            <h2 class="section-title">{words.say("scheduledPolls")}</h2>
            <PollList words={words} polls={scheduled} nowMs={nowMs} />
          </>
        )}
        {closed.length > 0 && (
          <>
            <h2 class="section-title">{words.say("closedPolls")}</h2>
            <PollList words={words} polls={closed} nowMs={nowMs} />
          </>
        )}
      </>
    ),
  });
}

interface PollListProps {
  readonly words: Words;
  readonly polls: readonly ListedPoll[];
  readonly nowMs: number;
}

function PollList({ words, polls, nowMs }: PollListProps) {
  return (
    <ul class="poll-list">
      {polls.map(poll => (
        <li>
          <a href={`/p/${poll.slug}`}>
            <span class="poll-list-question">{poll.question}</span>
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
    return words.say("opensAt", { when: words.moment(poll.opensAtMs) });
  }
  if (poll.closesAtMs === null) return words.say("openUntilClosed");
  return words.say("closesAt", { when: words.moment(poll.closesAtMs) });
}

/** Where there is nothing. */
export function notFoundPage({ words, siteName }: Site): string {
  return renderDocument({
    words,
    siteName,
    title: `${words.say("notFoundTitle")} – ${siteName}`,
    children: (
      <>
        <h1 class="headline">{words.say("notFoundTitle")}</h1>
        <p class="lede">{words.say("notFoundBody")}</p>
        <p>
          <a href="/">{words.say("allPolls")}</a>
        </p>
      </>
    ),
  });
}
