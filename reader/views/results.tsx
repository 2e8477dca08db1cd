/** @jsxImportSource hono/jsx */
/** The bars, and the sentence to quote. */
import { percentages, sharesOf } from "#lib/percent.ts";
import type { Poll } from "#lib/store/polls.ts";
import type { Results } from "#lib/tallies/results.ts";
import type { CardProps } from "./card-props.ts";

interface Line {
  readonly id: string;
  readonly label: string;
  readonly votes: number;
  readonly share: number;
}

/** Every option with its votes and its whole percentage, in the order of the page. */
export function resultLines(poll: Poll, results: Results | null): readonly Line[] {
  const votes = poll.options.map(
    ({ number }) => results?.options.find(({ id }) => id === String(number))?.votes ?? 0,
  );
  const shares =
    poll.choicesMax === 1 ? percentages(votes) : sharesOf(votes, results?.ballots ?? 0);
  return poll.options.map(({ number, label }, index) => ({
    id: String(number),
    label,
    votes: votes[index] ?? 0,
    share: shares[index] ?? 0,
  }));
}

export function ResultList({ words, poll, results, mine }: CardProps) {
  return (
    <ul class="poll-results">
      {resultLines(poll, results).map(({ id, label, votes, share }) => (
        <li class="poll-result" data-option={id} data-mine={mine?.includes(id) ? "" : undefined}>
          <span class="poll-result-label">
            <bdi>{label}</bdi>
            <span class="poll-result-mine">{words.say("yourVote")}</span>
          </span>
          <span class="poll-result-share" data-part="share">
            {words.percent(share)}
          </span>
          <span class="poll-result-track">
            <svg class="poll-result-bar" aria-hidden="true" focusable="false">
              <rect width={`${share}%`} height="100%" />
            </svg>
          </span>
          <span class="poll-result-votes" data-part="votes">
            {words.say("votes", { count: votes })}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The result in a sentence, to be quoted; the script offers to copy it and to share the poll. */
export function Sentence({ words, poll, state, results, nowMs }: CardProps) {
  const lines = resultLines(poll, results);
  const leader = lines.reduce((best, line) => (line.votes > best.votes ? line : best));
  const ballots = results?.ballots ?? 0;
  const over = state === "closing" || state === "final";
  const text =
    results && ballots > 0
      ? words.say("sentence", {
          count: ballots,
          time: words.when((over && poll.closesAtMs) || Date.parse(results.asOf), nowMs),
          share: words.percent(leader.share),
          option: leader.label,
        })
      : "";
  return (
    <div class="poll-fine" data-part="share-row" hidden={text === ""}>
      <q data-part="sentence">{text}</q>
      <span class="poll-share poll-script">
        <button class="poll-link" type="button" data-part="copy">
          {words.say("copy")}
        </button>
        <button class="poll-link" type="button" data-part="share-link">
          {words.say("share")}
        </button>
      </span>
    </div>
  );
}
