/** @jsxImportSource hono/jsx */
/**
 * The part of the card after voting: results, the reason why they are hidden, or the editor's thank-you text.
 */
import { domainToUnicode } from "node:url";
import type { Poll } from "#lib/model/poll.ts";
import type { WordKey, Words } from "../words/words.ts";
import { AddressInWords, newTab } from "./addresses.tsx";
import { type CardProps, showsNumbers } from "./card-props.ts";
import { pollPath } from "./paths.ts";
import { ResultList } from "./result-list.tsx";
import { RunoffTable } from "./runoff.tsx";

const reasons: Readonly<Record<Poll["resultsTo"], WordKey>> = {
  everyone: "resultsAway",
  voters: "hiddenForVoters",
  after_close: "hiddenUntilClose",
  from_date: "hiddenUntilDate",
  staff: "hiddenForGood",
  nobody: "hiddenForGood",
};

export function Outcome(props: CardProps) {
  const { words, poll, results, mine } = props;
  const hidden = results?.hidden !== null;
  const thanks = props.thanks === true && poll.afterVote !== "results";
  return (
    <>
      <p
        class="poll-dek"
        data-part="own"
        hidden={!mine || !(hidden || thanks || poll.kind !== "choice")}
      >
        {mine ? words.say("youChose", { options: labelsOf(words, poll, mine) }) : ""}
      </p>
      {poll.afterVote !== "results" && <Thanks {...props} hidden={!thanks} />}
      <p class="poll-dek" data-part="hidden-note" hidden={!hidden || thanks}>
        {results === null
          ? words.say("resultsAway")
          : hiddenNote(words, poll, ms => words.when(ms, props.nowMs))}
      </p>
      <div data-part="bars" hidden={!showsNumbers(props)}>
        <ResultList {...props} />
        {poll.kind === "ranked" && <Rounds {...props} />}
      </div>
    </>
  );
}

/** In an article the rounds are folded, because a table of any height would move the text below it. */
function Rounds(props: CardProps) {
  if (props.surface !== "embed") return <RunoffTable {...props} />;
  return (
    <details class="poll-rounds">
      <summary>{props.words.say("runoff")}</summary>
      <RunoffTable {...props} />
    </details>
  );
}

/** The reason why results are hidden. */
export function hiddenNote(words: Words, poll: Poll, format: (ms: number) => string): string {
  const { resultsTo, resultsFromMs } = poll;
  return words.say(reasons[resultsTo], {
    when: resultsFromMs === null ? "" : format(resultsFromMs),
  });
}

/** The reader's own choices, as text. */
function labelsOf(words: Words, poll: Poll, mine: readonly string[]): string {
  const texts = mine.map((choice, index) => {
    const [id, grade] = choice.split(":");
    const option = poll.options.find(({ number }) => String(number) === id);
    const label = words.isolated(option?.label ?? "");
    if (poll.kind === "ranked") return `${words.number(index + 1)}. ${label}`;
    return grade === undefined ? label : `${label} (${words.number(Number(grade))})`;
  });
  return words.list(texts);
}

function Thanks(props: CardProps & { hidden: boolean }) {
  const { words, poll, surface, urlLanguage, hidden } = props;
  return (
    <div data-part="thanks" hidden={hidden}>
      {poll.afterVote === "text" && (
        <p class="poll-thanks">
          <bdi>{poll.afterVoteText}</bdi>
        </p>
      )}
      {poll.afterVote === "link" && (
        <p class="poll-thanks">
          <a href={poll.afterVoteLink} rel="noopener" {...(surface === "embed" && newTab)}>
            <bdi>{poll.afterVoteText || domainToUnicode(new URL(poll.afterVoteLink).hostname)}</bdi>
          </a>
          <AddressInWords {...props} address={poll.afterVoteLink} />
        </p>
      )}
      {(poll.resultsTo === "everyone" || poll.resultsTo === "voters") && (
        <p class="poll-actions">
          <a href={pollPath(poll, surface, "results", urlLanguage)}>{words.say("results")}</a>
        </p>
      )}
    </div>
  );
}
