/** @jsxImportSource hono/jsx */
/** The bars, and the sentence to quote. */
import type { Poll } from "#lib/store/polls.ts";
import type { Results } from "#lib/tallies/snapshot.ts";
import type { CardProps } from "./card-props.ts";

interface Line {
  readonly id: string;
  readonly label: string;
  readonly votes: number | null;
  readonly share: number | null;
  /** Length of the bar, per cent. */
  readonly bar: number;
}

/** Every option with what readers are told of it, in the order of the page. */
export function resultLines(poll: Poll, results: Results | null): readonly Line[] {
  const found = poll.options.map(({ number }) =>
    results?.options.find(({ id }) => id === String(number)),
  );
  const most = Math.max(1, ...found.map(line => line?.votes ?? 0));
  return poll.options.map(({ number, label }, index) => {
    const none = results && results.hidden !== null ? null : 0;
    const { votes = none, share = none } = found[index] ?? {};
    const bar = share ?? Math.round(((votes ?? 0) * 100) / most);
    return { id: String(number), label, votes, share, bar };
  });
}

export function ResultList({ words, poll, results, mine }: CardProps) {
  return (
    <ul class="poll-results">
      {resultLines(poll, results).map(({ id, label, votes, share, bar }) => (
        <li
          class="poll-result"
          data-option={id}
          data-label={label}
          data-mine={mine?.includes(id) ? "" : undefined}
        >
          <span class="poll-result-label">
            <bdi>{label}</bdi>
            <span class="poll-result-mine">{words.say("yourVote")}</span>
          </span>
          <span class="poll-result-share" data-part="share">
            {share === null ? "" : words.percent(share)}
          </span>
          <span class="poll-result-track">
            <svg class="poll-result-bar" aria-hidden="true" focusable="false">
              <rect width={`${bar}%`} height="100%" />
            </svg>
          </span>
          <span class="poll-result-votes" data-part="votes">
            {votes === null ? "" : words.say("votes", { count: votes })}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The result in a sentence, to be quoted; the script offers to copy it and to share the poll. */
export function Sentence({ words, poll, state, results, nowMs }: CardProps) {
  const lines = resultLines(poll, results);
  const leader = lines.reduce((best, line) =>
    (line.votes ?? 0) > (best.votes ?? 0) ? line : best,
  );
  const ballots = results?.ballots ?? 0;
  const over = state === "closing" || state === "final";
  const text =
    results && ballots > 0 && leader.share !== null
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
