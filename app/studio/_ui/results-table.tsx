import type { Poll } from "#lib/model/poll.ts";
import type { Results } from "#lib/model/results.ts";
import { showsRoundedShares } from "#reader/views/card-props.ts";
import { speakerOf } from "#reader/views/speaker.ts";
import {
  markOf,
  outcomeSentence,
  type Speaker,
  tieSentences,
} from "#reader/words/outcome-sentence.ts";
import { wordsIn } from "#reader/words/words.ts";

const numbers = new Intl.NumberFormat("en");
const means = new Intl.NumberFormat("en", { minimumFractionDigits: 2 });
const formatCount = (count: number | null | undefined) => numbers.format(count ?? 0);

type Line = Results["options"][number];

/** A column of numbers: its title, and its text for an option. */
type Column = readonly [title: string, of: (line: Line) => string];

const grades = [5, 4, 3, 2, 1];

function columnsOf({ kind, choicesMax }: Poll): readonly Column[] {
  const share = (line: Line) => `${line.share ?? 0}%`;
  switch (kind) {
    case "choice":
      return [
        ["Votes", line => formatCount(line.votes)],
        [choicesMax === 1 ? "Share" : "Share of voters", share],
      ];
    case "ranked":
      return [
        ["First choices", line => formatCount(line.votes)],
        ["Share", share],
        ["Points", line => formatCount(line.points)],
      ];
    case "rating":
      return [
        ["Average", line => (line.mean == null ? "–" : means.format(line.mean))],
        ["Ratings", line => formatCount(line.votes)],
        ...grades.map(
          (grade): Column => [String(grade), line => formatCount(line.grades?.[grade - 1])],
        ),
      ];
  }
}

interface ResultsTableProps {
  readonly poll: Poll;
  readonly results: Results;
  /** The newsroom's time zone. */
  readonly timeZone: string;
}

function timeOf(iso: string, timeZone: string): string {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone, timeZoneName: "short" }).format(
    Date.parse(iso),
  );
}

/** The results so far, in the columns of the poll's kind. */
export function ResultsTable({ poll, results, timeZone }: ResultsTableProps) {
  const columns = columnsOf(poll);
  const speaker = speakerOf(wordsIn("en", timeZone), poll);
  const sentence = outcomeSentence(speaker, results);
  const marks = new Map(results.options.map(({ id }) => [id, markOf(speaker.say, results, id)]));
  const ofWhom = { speaker, marks, results, timeZone };
  return (
    <section className="rounded border border-hair bg-card">
      <Head title="Results">
        {formatCount(results.ballots)} {results.ballots === 1 ? "reader has" : "readers have"}{" "}
        voted, as of {timeOf(results.asOf, timeZone)}
      </Head>
      {sentence && <p className="border-b border-hair px-4 py-3">{sentence}</p>}
      <Table titles={["Option", ...columns.map(([title]) => title)]}>
        {results.options.map(line => (
          <Row
            key={line.id}
            label={line.label}
            mark={marks.get(line.id)}
            cells={columns.map(([, of]) => of(line))}
          />
        ))}
      </Table>
      {showsRoundedShares(poll) && <Note>{wordsIn("en", timeZone).say("rounded")}</Note>}
      {poll.kind === "ranked" && <Rounds {...ofWhom} />}
    </section>
  );
}

/** A remark below a table. */
function Note({ children }: { readonly children: React.ReactNode }) {
  return <p className="border-t border-hair px-4 py-3 text-sm text-soft">{children}</p>;
}

interface RoundsProps {
  readonly results: Results;
  readonly timeZone: string;
  readonly speaker: Speaker;
  /** The word for each option in first place. */
  readonly marks: ReadonlyMap<string, string>;
}

/** The rounds of the instant-runoff, once a worker has computed them. */
function Rounds({ results, timeZone, speaker, marks }: RoundsProps) {
  const { runoff, options } = results;
  if (!runoff) return <Note>The instant-runoff result has not been calculated yet.</Note>;
  const { rounds } = runoff;
  const ties = tieSentences(speaker, results);
  const titles = rounds.map((_, index) => `Round ${index + 1}`);
  return (
    <>
      <Head title="Instant-runoff" under>
        calculated at {timeOf(runoff.computedAt, timeZone)}
      </Head>
      <Table titles={["Option", ...titles]}>
        {options.map(({ id, label }) => (
          <Row
            key={id}
            label={label}
            mark={marks.get(id)}
            cells={rounds.map(({ votes }) =>
              votes[id] === undefined ? "–" : formatCount(votes[id]),
            )}
          />
        ))}
        <Row
          label="No further choice"
          cells={rounds.map(({ exhausted }) => formatCount(exhausted))}
        />
      </Table>
      {ties && <Note>{ties}</Note>}
      <Note>{wordsIn("en", timeZone).say("tieRule")}</Note>
    </>
  );
}

interface HeadProps {
  readonly title: string;
  readonly under?: boolean;
  readonly children: React.ReactNode;
}

function Head({ title, under, children }: HeadProps) {
  const Title = under ? "h3" : "h2";
  return (
    <div
      className={`flex flex-wrap items-baseline justify-between gap-2 border-b border-hair px-4 py-3 ${under ? "border-t" : ""}`}
    >
      <Title className={`font-serif font-semibold ${under ? "" : "text-lg"}`}>{title}</Title>
      <p className="text-sm text-soft tabular-nums">{children}</p>
    </div>
  );
}

interface TableProps {
  readonly titles: readonly string[];
  readonly children: React.ReactNode;
}

/** Wide tables scroll sideways, by keyboard too. */
function Table({ titles, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="overflow-x-auto" tabIndex={0} aria-label={titles.join(", ")}>
      <table className="w-full text-left">
        <thead className="text-xs text-soft">
          <tr className="border-b border-hair">
            {titles.map((title, index) => (
              <th
                key={title}
                scope="col"
                className={`px-4 py-2.5 font-semibold ${index > 0 ? "text-right whitespace-nowrap" : "sticky left-0 bg-card"}`}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly label: string;
  readonly cells: readonly string[];
  /** "leads", "winner" or "tied" for an option in first place. */
  readonly mark?: string | undefined;
}

function Row({ label, cells, mark }: RowProps) {
  return (
    <tr className={`border-b border-hair last:border-0 ${mark ? "font-semibold" : ""}`}>
      <th
        scope="row"
        className={`sticky left-0 min-w-36 bg-card px-4 py-2.5 wrap-anywhere ${mark ? "" : "font-normal"}`}
      >
        <bdi>{label}</bdi>{" "}
        {mark && <span className="ml-1 text-sm font-normal text-soft">{mark}</span>}
      </th>
      {cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their column
        <td key={index} className="px-4 py-2.5 text-right whitespace-nowrap tabular-nums">
          {cell}
        </td>
      ))}
    </tr>
  );
}
