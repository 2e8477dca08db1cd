/** @jsxImportSource hono/jsx */
/** The result bars, and the result as a sentence to quote. */
import type { Poll, PollOption } from "#lib/model/poll.ts";
import type { Results } from "#lib/model/results.ts";
import { gradeMax } from "#lib/model/tally-parts.ts";
import type { Words } from "../words/words.ts";
import { type CardProps, showsNumbers } from "./card-props.ts";
import { hasImages, OptionImage } from "./option-image.tsx";

interface Line {
  readonly option: PollOption;
  readonly id: string;
  readonly label: string;
  readonly votes: number | null;
  readonly share: number | null;
  /** Length of the bar, in per cent. */
  readonly bar: number;
  /** The text at the bar's end. */
  readonly head: string;
  /** The text below the bar. */
  readonly detail: string;
}

/** Every option with its bar and texts, in the order of the page. */
export function resultLines(words: Words, poll: Poll, results: Results | null): readonly Line[] {
  const found = poll.options.map(({ number }) =>
    results?.options.find(({ id }) => id === String(number)),
  );
  const most = Math.max(1, ...found.map(line => line?.votes ?? 0));
  return poll.options.map((option, index) => {
    const { number, label } = option;
    const none = results && results.hidden !== null ? null : 0;
    const { votes = none, share = none } = found[index] ?? {};
    const line = found[index];
    const bar =
      poll.kind === "rating"
        ? ((line?.mean ?? 0) * 100) / gradeMax
        : (share ?? Math.round(((votes ?? 0) * 100) / most));
    const head =
      poll.kind === "rating"
        ? meanOf(words, line?.mean)
        : share === null
          ? ""
          : words.percent(share);
    const detail = detailOf(words, poll, { ...line, votes });
    return { option, id: String(number), label, votes, share, bar, head, detail };
  });
}

const meanOf = (words: Words, mean: number | null | undefined) =>
  mean == null ? "" : words.mean(mean);

/** "12 votes"; "12 first choices · 40 points"; "12 ratings · 5: 7 · 4: 5 · 3: 0 · 2: 0 · 1: 0". */
function detailOf(
  words: Words,
  poll: Poll,
  { votes, points, grades }: Partial<Results["options"][number]>,
): string {
  const parts: string[] = [];
  const key = { choice: "votes", ranked: "firstChoices", rating: "ratings" } as const;
  if (votes != null) parts.push(words.say(key[poll.kind], { count: votes }));
  if (points != null) parts.push(words.say("points", { count: points }));
  const format =
    poll.resultsAs === "percentages" ? words.percent.bind(words) : words.number.bind(words);
  for (const [index, count] of [...(grades ?? []).entries()].reverse()) {
    parts.push(`${words.number(index + 1)}: ${format(count)}`);
  }
  return parts.join(" · ");
}

/** Marks the reader's choice: the favourite in a ranked poll; no option in a rating poll, whose choices carry grades. */
function isMine({ kind }: Poll, id: string, mine: readonly string[] | undefined): boolean {
  return kind === "ranked" ? mine?.[0] === id : (mine?.includes(id) ?? false);
}

export function ResultList({ words, poll, results, mine }: CardProps) {
  return (
    <ul class="poll-results" data-thumbs={hasImages(poll.options) ? "" : undefined}>
      {resultLines(words, poll, results).map(({ option, id, label, bar, head, detail }) => (
        <li
          class="poll-result"
          data-option={id}
          data-label={label}
          data-mine={isMine(poll, id, mine) ? "" : undefined}
        >
          <OptionImage option={option} as="thumb" />
          <span class="poll-result-label">
            <bdi>{label}</bdi>
            <span class="poll-result-mine">{words.say("yourVote")}</span>
          </span>
          <span class="poll-result-share" data-part="share">
            {head}
          </span>
          <span class="poll-result-track">
            <svg class="poll-result-bar" aria-hidden="true" focusable="false">
              <rect width={`${bar}%`} height="100%" />
            </svg>
          </span>
          <span class="poll-result-votes" data-part="votes">
            {detail}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The result as a sentence to quote; empty without votes, or while results are hidden. */
export function resultsSentence(
  props: Pick<CardProps, "words" | "poll" | "state" | "results" | "nowMs">,
): string {
  const { words, poll, state, results, nowMs } = props;
  const lines = resultLines(words, poll, results);
  const leader = lines.reduce((best, line) =>
    (line.votes ?? 0) > (best.votes ?? 0) ? line : best,
  );
  const ballots = results?.ballots ?? 0;
  const over = state === "closing" || state === "final";
  if (!results || poll.kind !== "choice" || ballots === 0 || leader.share === null) return "";
  return words.say("sentence", {
    count: ballots,
    time: words.when((over && poll.closesAtMs) || Date.parse(results.asOf), nowMs),
    share: words.percent(leader.share),
    option: leader.label,
  });
}

/** The sentence, with the script's copy and share buttons. */
export function Sentence(props: CardProps) {
  const { words } = props;
  const text = resultsSentence(props);
  return (
    <div
      class="poll-fine poll-share-row"
      data-part="share-row"
      hidden={text === "" || !showsNumbers(props)}
    >
      <span data-part="sentence">{text}</span>
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
