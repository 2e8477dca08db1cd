/** @jsxImportSource hono/jsx */
/** The form: real radios or checkboxes, each row a target; choosing sends nothing. */
import type { Poll } from "#lib/store/polls.ts";
import type { Words } from "../words.ts";
import type { CardProps } from "./card-props.ts";
import { pathOf, voteAddress } from "./paths.ts";

/** What the voter is asked to do, in a sentence. */
export function instruction(words: Words, poll: Pick<Poll, "choicesMin" | "choicesMax">): string {
  const { choicesMin: min, choicesMax: max } = poll;
  if (max === 1) return words.say("chooseOne");
  if (min === max) return words.say("chooseExactly", { count: min });
  if (min === 1) return words.say("chooseAtMost", { max });
  return words.say("chooseBetween", { min, max });
}

export function VoteForm(props: CardProps & { hidden: boolean }) {
  const { words, poll, chosen, preview, hidden, place, results } = props;
  const single = poll.choicesMax === 1;
  return (
    <form
      method="post"
      action={voteAddress(poll, place)}
      data-part="vote"
      hidden={hidden}
      novalidate
    >
      <fieldset class="poll-choices" aria-describedby="instruction">
        <legend>
          <h1 class="poll-question">
            <bdi>{poll.question}</bdi>
          </h1>
        </legend>
        {poll.description && (
          <p class="poll-dek">
            <bdi>{poll.description}</bdi>
          </p>
        )}
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
              <bdi>{label}</bdi>
            </label>
          ))}
        </div>
      </fieldset>
      <p class="poll-actions">
        <button class="poll-button" type={preview ? "button" : "submit"}>
          {words.say("vote")}
        </button>
        {results?.hidden === null && (
          <a href={preview ? undefined : pathOf(poll, place, "results")}>
            {words.say("seeResults")}
          </a>
        )}
      </p>
    </form>
  );
}
