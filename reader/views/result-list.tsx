/** @jsxImportSource hono/jsx */
/** The result bars, and the result as a sentence to quote. */
import type { Poll, PollOption } from "#lib/model/poll.ts";
import type { Results } from "#lib/model/results.ts";
import { gradeMax } from "#lib/model/tally-parts.ts";
import { outcomeSentence } from "../words/outcome-sentence.ts";
import type { Words } from "../words/words.ts";
import { type CardProps, showsNumbers } from "./card-props.ts";
import { hasImages, OptionImage } from "./option-image.tsx";
import { speakerOf, votesKey } from "./speaker.ts";

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
  /** Rating polls: how many ballots gave each grade, grade 1 first. */
  readonly grades: readonly Grade[];
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
    const grades = poll.kind === "rating" ? gradesOf(words, poll, line?.grades) : [];
    return { grades, option, id: String(number), label, votes, share, bar, head, detail };
  });
}

const meanOf = (words: Words, mean: number | null | undefined) =>
  mean == null ? "" : words.mean(mean);

/** "12 votes"; "12 first choices · 40 points"; "12 ratings". */
function detailOf(
  words: Words,
  poll: Poll,
  { votes, points }: Partial<Results["options"][number]>,
): string {
  const parts: string[] = [];
  if (votes != null) parts.push(words.say(votesKey[poll.kind], { count: votes }));
  if (points != null) parts.push(words.say("points", { count: points }));
  return parts.join(" · ");
}

interface Grade {
  /** "5" */
  readonly name: string;
  /** "3,870", or "51%" where the poll shows percentages only. */
  readonly count: string;
  /** Height of the column, in per cent of the highest one. */
  readonly height: number;
}

function gradesOf(words: Words, poll: Poll, counts: readonly number[] = []): readonly Grade[] {
  const most = Math.max(1, ...counts);
  return Array.from({ length: gradeMax }, (_, index) => {
    const count = counts[index] ?? 0;
    return {
      name: words.number(index + 1),
      count: poll.resultsAs === "percentages" ? words.percent(count) : words.number(count),
      height: (count * 100) / most,
    };
  });
}

/** One column for each grade; assistive technology reads "1: 120 · 2: 340 · …". */
function Grades({ grades }: { grades: readonly Grade[] }) {
  return (
    <span
      class="poll-grades"
      data-part="grades"
      role="img"
      aria-label={grades.map(({ name, count }) => `${name}: ${count}`).join(" · ")}
    >
      {grades.map(({ name, count, height }) => (
        <span>
          <svg aria-hidden="true" focusable="false">
            <rect y={`${100 - height}%`} width="100%" height={`${height}%`} />
          </svg>
          <b>{name}</b> <span>{count}</span>
        </span>
      ))}
    </span>
  );
}

/** Marks the reader's choice: the favourite in a ranked poll; no option in a rating poll, whose choices carry grades. */
function isMine({ kind }: Poll, id: string, mine: readonly string[] | undefined): boolean {
  return kind === "ranked" ? mine?.[0] === id : (mine?.includes(id) ?? false);
}

export function ResultList({ words, poll, results, mine }: CardProps) {
  return (
    <ul class="poll-results" data-thumbs={hasImages(poll.options) ? "" : undefined}>
      {resultLines(words, poll, results).map(({ option, id, label, bar, head, detail, grades }) => (
        <li
          class="poll-result"
          data-option={id}
          data-label={label}
          data-mine={isMine(poll, id, mine) ? "" : undefined}
        >
          <OptionImage option={option} as="thumb" />
          <span class="poll-result-label">
            <bdi>{label}</bdi> <span class="poll-result-mine">{words.say("yourVote")}</span>
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
          {grades.length > 0 && <Grades grades={grades} />}
        </li>
      ))}
    </ul>
  );
}

/** The result as a sentence to quote; empty without votes, or while results are hidden. */
export function resultsSentence({
  words,
  poll,
  results,
}: Pick<CardProps, "words" | "poll" | "results">): string {
  return results ? outcomeSentence(speakerOf(words, poll), results) : "";
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
