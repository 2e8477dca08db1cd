/** @jsxImportSource hono/jsx */
/**
 * The poll card, in all its states: vote, voted, results, not yet open.
 *
 * The script changes this same markup, found by `data-*` attributes, so a state looks the same whether the server
 * or the script produced it.
 */
import { editionOf } from "#lib/model/edition.ts";
import { AddressInWords, ElsewhereNote, newTab } from "./addresses.tsx";
import { type CardProps, showsNumbers, showsRoundedShares } from "./card-props.ts";
import { Explanation } from "./explanation.tsx";
import { Eyebrow } from "./eyebrow.tsx";
import { Outcome } from "./outcome.tsx";
import { pollPath, receiptPath } from "./paths.ts";
import { Sentence } from "./result-list.tsx";
import { scriptWords } from "./script-words.ts";
import { ChangeVote, VoteForm } from "./vote-form.tsx";

export function PollCard(props: CardProps) {
  const { words, poll, state, message, show, revision } = props;
  const voting = show === "vote" && state === "open";
  return (
    <article
      class="poll"
      data-poll={poll.slug}
      data-edition={editionOf(poll)}
      data-state={state}
      data-choices-min={poll.choicesMin}
      data-choices-max={poll.choicesMax}
      data-after-vote={poll.afterVote}
      data-now={
        state === "scheduled" || state === "open" ? new Date(props.nowMs).toISOString() : undefined
      }
      data-revision={revision === undefined ? undefined : String(revision)}
      data-own-ballot={revision === undefined ? undefined : JSON.stringify(props.mine ?? [])}
      data-words={scriptWords(words, poll, props.siteName)}
    >
      <Eyebrow {...props} />
      {state === "scheduled" ? (
        <>
          <h1 class="poll-question">
            <bdi>{poll.question}</bdi>
          </h1>
          <Explanation poll={poll} />
          <p class="poll-message">{words.say("scheduledBody")}</p>
        </>
      ) : (
        <>
          <VoteForm {...props} hidden={!voting} />
          <div data-part="results" hidden={voting}>
            <h1 class="poll-question">
              <bdi>{poll.question}</bdi>
            </h1>
            <Explanation poll={poll} />
            <Outcome {...props} />
          </div>
        </>
      )}
      <p
        class="poll-message"
        data-part="message"
        data-tone={message?.tone ?? "warn"}
        role="status"
        hidden={!message}
      >
        {message?.text ?? ""}
      </p>
      {props.notice && state === "open" && (
        <p class="poll-fine" data-part="notice">
          {words.say(props.notice)}
        </p>
      )}
      {state !== "scheduled" && <Foot {...props} voting={voting} />}
      {props.surface === "embed" && (
        <p class="poll-fine">
          <a href={pollPath(poll, "page", "vote", props.urlLanguage)} {...newTab}>
            {words.say("onSite", { site: words.isolated(props.siteName) })}
          </a>
          <ElsewhereNote {...props} />
        </p>
      )}
    </article>
  );
}

/** When and why a result changed after it was final. */
function Corrections({ words, poll }: CardProps) {
  return (
    <>
      {(poll.reopenings ?? []).map(({ finalAtMs, reason: written }) => {
        const reason = words.isolated(written);
        return (
          <p class="poll-fine" data-part="correction">
            {finalAtMs === null
              ? words.say("countedAgain", { reason })
              : words.say("corrected", { when: words.precisely(finalAtMs), reason })}
          </p>
        );
      })}
    </>
  );
}

/** The part below the options or bars: further actions, counts, and how to read the numbers. */
function Foot(props: CardProps & { voting: boolean }) {
  const { words, poll, state, results, surface, voting, mine } = props;
  return (
    <>
      <div data-part="after" hidden={voting}>
        {poll.mayChange && state === "open" && <ChangeVote {...props} />}
        <p class="poll-actions" hidden={state === "final"} data-part="actions">
          {state === "open" && (
            <a
              data-part="to-the-poll"
              hidden={mine !== undefined}
              href={pollPath(poll, surface, "vote", props.urlLanguage)}
            >
              {words.say("toThePoll")}
            </a>
          )}
          <button
            class="poll-button poll-button-quiet poll-script"
            type="button"
            data-part="pause"
            hidden={!showsNumbers(props)}
          >
            {words.say("pauseUpdates")}
          </button>
        </p>
        <Sentence {...props} />
      </div>
      <p class="poll-fine poll-number" data-part="ballots">
        {typeof results?.ballots === "number"
          ? words.say("ballots", { count: results.ballots })
          : ""}
      </p>
      <p
        class="poll-fine poll-number"
        data-part="waiting"
        hidden={state !== "closing" || !results?.waiting}
      >
        {words.say("waitingCount", { count: words.number(results?.waiting ?? 0) })}
      </p>
      <Corrections {...props} />
      <p class="poll-fine" data-part="receipt" hidden={props.receipt === undefined}>
        <a
          href={props.receipt && receiptPath(props.receipt, props.urlLanguage)}
          {...(surface === "embed" && newTab)}
        >
          {words.say("receiptLink")}
        </a>
        {props.receipt && (
          <AddressInWords {...props} address={props.publicUrl + receiptPath(props.receipt)} />
        )}
      </p>
      <p class="poll-fine">
        {words.say("method")}{" "}
        {poll.kind === "choice" && poll.choicesMax > 1 && words.say("methodMultiple")}
        {showsRoundedShares(poll) && words.say("rounded")}
        {poll.kind === "ranked" && words.say("bordaMethod")}
      </p>
      <p class="visually-hidden" data-part="summary" aria-live="polite" />
    </>
  );
}
