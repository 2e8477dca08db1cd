/** @jsxImportSource hono/jsx */
/**
 * The poll card, in all its states: vote, voted, results, not yet open.
 *
 * The page's script works on this very markup (`data-*` attributes), so a state looks the same whether
 * the server or the script brought it about.
 */
import { percentages, sharesOf } from "#lib/percent.ts";
import type { PollState } from "#lib/polls/state.ts";
import type { Poll } from "#lib/store/polls.ts";
import type { Results } from "#lib/tallies/results.ts";
import type { WordKey, Words } from "../words.ts";

export interface CardProps {
  readonly words: Words;
  readonly poll: Poll;
  readonly state: PollState;
  readonly results: Results | null;
  /** Option ids that this reader voted for. */
  readonly mine?: readonly string[];
  /** Option ids that are checked in the form. */
  readonly chosen?: readonly string[];
  readonly message?: { readonly tone: "good" | "warn" | "bad"; readonly text: string };
  readonly show: "vote" | "results";
  /** In the studio: it looks alive and leads nowhere. */
  readonly preview?: boolean;
}

/** What the voter is asked to do, in a sentence. */
export function instruction(words: Words, poll: Pick<Poll, "choicesMin" | "choicesMax">): string {
  const { choicesMin: min, choicesMax: max } = poll;
  if (max === 1) return words.say("chooseOne");
  if (min === max) return words.say("chooseExactly", { count: min });
  if (min === 1) return words.say("chooseAtMost", { max });
  return words.say("chooseBetween", { min, max });
}

export function PollCard(props: CardProps) {
  const { words, poll, state, results, message, show } = props;
  const voting = show === "vote" && state === "open";
  return (
    <article
      class="poll"
      data-poll={poll.slug}
      data-state={state}
      data-choices-min={poll.choicesMin}
      data-choices-max={poll.choicesMax}
      data-words={scriptWords(words, poll)}
    >
      <Eyebrow {...props} />
      {state === "scheduled" ? (
        <h1 class="poll-question">{poll.question}</h1>
      ) : (
        <>
          <VoteForm {...props} hidden={!voting} />
          <div data-part="results" hidden={voting}>
            <h1 class="poll-question">{poll.question}</h1>
            {poll.description && <p class="poll-dek">{poll.description}</p>}
            <ResultList {...props} />
          </div>
        </>
      )}
      {state === "scheduled" && <p class="poll-message">{words.say("scheduledBody")}</p>}
      <p
        class="poll-message"
        data-part="message"
        data-tone={message?.tone ?? "warn"}
        role="status"
        hidden={!message}
      >
        {message?.text ?? ""}
      </p>
      {state === "open" && show === "results" && !props.mine && (
        <p class="poll-actions" data-part="to-the-poll">
          <a href={`/p/${poll.slug}`}>{words.say("toThePoll")}</a>
        </p>
      )}
      {state !== "scheduled" && (
        <>
          <p class="poll-fine" data-part="ballots">
            {results ? words.say("ballots", { count: results.ballots }) : ""}
          </p>
          <p class="poll-fine">
            {words.say("method")} {poll.choicesMax > 1 && words.say("methodMultiple")}
          </p>
        </>
      )}
    </article>
  );
}

function Eyebrow({ words, poll, state, results, show }: CardProps) {
  return (
    <p class="poll-eyebrow">
      <span data-part="state">
        <StateLabel words={words} state={state} live={show === "results"} />
      </span>
      <span>
        <span data-part="when" hidden={show === "results" && state === "open"}>
          <When words={words} poll={poll} state={state} />
        </span>
        <span class="poll-number" data-part="as-of" hidden={show === "vote" || state !== "open"}>
          {results ? words.say("asOf", { time: words.time(Date.parse(results.asOf)) }) : ""}
        </span>
      </span>
    </p>
  );
}

function StateLabel({ words, state, live }: { words: Words; state: PollState; live: boolean }) {
  if (state === "closing") {
    return (
      <span class="poll-state" data-state="closing">
        {words.say("closing")}
      </span>
    );
  }
  if (state === "final") {
    return (
      <span class="poll-state" data-state="final">
        {words.say("finalResult")}
      </span>
    );
  }
  return state === "open" && live ? (
    <b class="poll-live">{words.say("live")}</b>
  ) : (
    <b>{words.say("readerPoll")}</b>
  );
}

/** The moment that matters in this state; the script says it in the reader's own zone. */
function When({ words, poll, state }: { words: Words; poll: Poll; state: PollState }) {
  const [key, ms]: [WordKey, number | null] =
    state === "scheduled" ? ["opensAt", poll.opensAtMs] : ["closesAt", poll.closesAtMs];
  if (ms === null) return <>{words.say("openUntilClosed")}</>;
  const iso = new Date(ms).toISOString();
  const over = state === "closing" || state === "final";
  return (
    <time datetime={iso} data-key={over ? undefined : key}>
      {over ? words.moment(ms) : words.say(key, { when: words.moment(ms) })}
    </time>
  );
}

function VoteForm({ words, poll, chosen, preview, hidden }: CardProps & { hidden: boolean }) {
  const single = poll.choicesMax === 1;
  return (
    <form
      method="post"
      action={`/api/polls/${poll.slug}/votes`}
      data-part="vote"
      hidden={hidden}
      novalidate
    >
      <fieldset class="poll-choices" aria-describedby="instruction">
        <legend>
          <h1 class="poll-question">{poll.question}</h1>
        </legend>
        {poll.description && <p class="poll-dek">{poll.description}</p>}
        <p class="poll-dek" id="instruction">
          {instruction(words, poll)}
        </p>
        <div class="poll-options">
          {poll.options.map(({ number, label }) => (
            <label class="poll-option">
              <input
                type={single ? "radio" : "checkbox"}
                name="choice"
                value={String(number)}
                checked={chosen?.includes(String(number)) ?? false}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <p class="poll-actions">
        <button class="poll-button" type={preview ? "button" : "submit"}>
          {words.say("vote")}
        </button>
        <a href={preview ? undefined : `/p/${poll.slug}/results`}>{words.say("seeResults")}</a>
      </p>
    </form>
  );
}

function ResultList({ words, poll, results, mine }: CardProps) {
  const votes = poll.options.map(
    ({ number }) => results?.options.find(({ id }) => id === String(number))?.votes ?? 0,
  );
  const shares =
    poll.choicesMax === 1 ? percentages(votes) : sharesOf(votes, results?.ballots ?? 0);
  return (
    <ul class="poll-results">
      {poll.options.map(({ number, label }, index) => {
        const share = shares[index] ?? 0;
        return (
          <li
            class="poll-result"
            data-option={String(number)}
            data-mine={mine?.includes(String(number)) ? "" : undefined}
          >
            <span class="poll-result-label">
              {label}
              <span class="poll-result-mine">{words.say("yourVote")}</span>
            </span>
            <span class="poll-result-share" data-part="share">
              {words.say("percent", { share: words.number(share) })}
            </span>
            <span class="poll-result-track">
              <svg class="poll-result-bar" aria-hidden="true" focusable="false">
                <rect width={`${share}%`} height="100%" />
              </svg>
            </span>
            <span class="poll-result-votes" data-part="votes">
              {words.say("votes", { count: votes[index] ?? 0 })}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** What the script needs to say, in the page's language. */
function scriptWords(words: Words, poll: Poll): string {
  const keys = [
    "alreadyVoted",
    "ballotIdReused",
    "closedDetail",
    "counted",
    "live",
    "overloadedKeeping",
    "sending",
    "unreachable",
  ] as const;
  const texts = Object.fromEntries(keys.map(key => [key, words.say(key)]));
  return JSON.stringify({
    ...texts,
    choose: instruction(words, poll),
    asOf: words.say("asOf", { time: "#" }),
    percent: words.say("percent", { share: "#" }),
    votes: words.pluralForms("votes"),
    ballots: words.pluralForms("ballots"),
  });
}
