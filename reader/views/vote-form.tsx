/** @jsxImportSource hono/jsx */
/** The form: real radios or checkboxes, each row a target; choosing sends nothing. */
import type { Poll } from "#lib/store/polls.ts";
import type { Words } from "../words.ts";
import type { CardProps } from "./card-props.ts";
import { OptionFields } from "./option-fields.tsx";
import { pathOf, voteAddress } from "./paths.ts";

/** What the voter is asked to do, in a sentence. */
export function instruction(
  words: Words,
  poll: Pick<Poll, "kind" | "choicesMin" | "choicesMax">,
): string {
  if (poll.kind === "ranked") return words.say("rank");
  if (poll.kind === "rating") return words.say("rate");
  const { choicesMin: min, choicesMax: max } = poll;
  if (max === 1) return words.say("chooseOne");
  if (min === max) return words.say("chooseExactly", { count: min });
  if (min === 1) return words.say("chooseAtMost", { max });
  return words.say("chooseBetween", { min, max });
}

export function VoteForm(props: CardProps & { hidden: boolean }) {
  const { words, poll, preview, hidden, place, results } = props;
  return (
    <form
      method="post"
      action={voteAddress(poll, place, props.asked)}
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
        <OptionFields {...props} />
      </fieldset>
      <p class="poll-actions">
        <button class="poll-button" type={preview ? "button" : "submit"}>
          {words.say("vote")}
        </button>
        {results?.hidden === null && (
          <a href={preview ? undefined : pathOf(poll, place, "results", props.asked)}>
            {words.say("seeResults")}
          </a>
        )}
      </p>
    </form>
  );
}
