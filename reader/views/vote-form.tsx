/** @jsxImportSource hono/jsx */
/** The vote form: real radio buttons or checkboxes, each row clickable. Choosing an option sends nothing. */
import { editionOf } from "#lib/model/edition.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { CardProps } from "./card-props.ts";
import { Explanation } from "./explanation.tsx";
import { countsChoices, instruction } from "./instruction.ts";
import { OptionFields } from "./option-fields.tsx";
import { changePath, pollPath, votePath } from "./paths.ts";

export function VoteForm(props: CardProps & { hidden: boolean }) {
  const { words, poll, preview, hidden, surface, results, revision, changing = false } = props;
  return (
    <form
      method="post"
      action={votePath(poll, surface, props.urlLanguage)}
      data-part="vote"
      hidden={hidden}
      novalidate
    >
      <Edition poll={poll} />
      {poll.mayChange && <Replaces revision={revision} />}
      <fieldset class="poll-choices" aria-describedby="instruction">
        <legend>
          <h1 class="poll-question">
            <bdi>{poll.question}</bdi>
          </h1>
        </legend>
        <Explanation poll={poll} />
        <p class="poll-dek" id="instruction">
          {instruction(words, poll)}
        </p>
        <OptionFields {...props} />
      </fieldset>
      {countsChoices(poll) && <p class="poll-fine poll-chosen poll-script" data-part="chosen" />}
      <p class="poll-actions">
        <button
          class="poll-button"
          type={preview ? "button" : "submit"}
          data-part={preview ? undefined : "cast"}
        >
          {words.say(changing ? "changeVote" : "vote")}
        </button>
        {results?.hidden === null && (
          <a
            href={preview ? undefined : pollPath(poll, surface, "results", props.urlLanguage)}
            data-part="see-results"
            hidden={changing}
          >
            {words.say("seeResults")}
          </a>
        )}
        {poll.mayChange && (
          <a
            href={pollPath(poll, surface, "results", props.urlLanguage)}
            data-part="keep-vote"
            hidden={!changing}
          >
            {words.say("keepVote")}
          </a>
        )}
      </p>
    </form>
  );
}

/** The hidden field that says which poll, and which options, the reader sees. */
function Edition({ poll }: { poll: Poll }) {
  return (
    <>
      <input type="hidden" name="edition" value={editionOf(poll)} />
      <input type="hidden" name="ballotId" value="" />
    </>
  );
}

/** The hidden field with the revision that a form replaces; disabled for a first ballot. */
function Replaces({ revision }: { revision: number | undefined }) {
  const none = revision === undefined;
  return (
    <input type="hidden" name="replaces" value={none ? "" : String(revision)} disabled={none} />
  );
}

/** A link to change the vote, and a button to withdraw it. Following the link sends nothing. */
export function ChangeVote({ words, poll, surface, urlLanguage, revision, mine }: CardProps) {
  return (
    <div class="poll-actions" data-part="change" hidden={mine === undefined}>
      <a data-part="change-vote" href={changePath(poll, surface, urlLanguage)}>
        {words.say("changeVote")}
      </a>
      <form method="post" action={votePath(poll, surface, urlLanguage)} data-part="withdraw">
        <Edition poll={poll} />
        <Replaces revision={revision} />
        <input type="hidden" name="withdraw" value="yes" />
        <button class="poll-link" type="submit">
          {words.say("withdrawVote")}
        </button>
      </form>
    </div>
  );
}
