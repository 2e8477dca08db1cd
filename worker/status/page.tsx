/** @jsxImportSource hono/jsx */
/** The worker's page for people: a pure function of its state, without a script. Newest log lines first. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { MINUTE, SECOND } from "#lib/base/clock.ts";
import { duration } from "#lib/base/human-readable.ts";
import type { Books } from "#lib/books/books.ts";
import type { OpenLetters } from "#lib/store/dead-letters.ts";
import { styles } from "../generated.ts";
import { BooksTable } from "./books.tsx";
import { historyMs, type Step, stepMs } from "./history.ts";
import { lossEstimate } from "./loss-estimate.ts";
import { ProcessesTable } from "./processes-table.tsx";
import { isFailing, type Survey, slotsWaiting, type WorkerState } from "./state.ts";
import { flushTimeMs, stateSentence } from "./state-sentence.ts";

export interface PageProps {
  readonly state: WorkerState;
  readonly survey: Survey;
  readonly series: readonly Step[];
  readonly slotsPerSecond: number;
  /** The books of all polls; `undefined`: not read from MySQL yet. */
  readonly books: Books | undefined;
  /** Dead letters that no operator has dismissed; `undefined`: not read from MySQL yet. */
  readonly openLetters: OpenLetters | undefined;
  /** On how many servers each vote is stored, if they are up. */
  readonly copies: number;
  /** Text that the log lines contain. */
  readonly filter: string;
  /** Oldest first. */
  readonly lines: readonly string[];
}

const number = (n: number, digits = 0) => n.toLocaleString("en", { maximumFractionDigits: digits });
const megabytes = (bytes: number) => `${number(bytes / 1_048_576, 1)} MB`;
const clockTime = (ms: number) => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

function Time({ ms }: { ms: number }) {
  return <time datetime={new Date(ms).toISOString()}>{clockTime(ms)}</time>;
}

const chart = { width: 270, height: 64 };

/** Bars of 15 minutes; the tallest fills the height. */
function Chart(props: { title: string; now: string; values: readonly number[]; unit: string }) {
  const { title, now, values, unit } = props;
  const most = Math.max(...values, 0);
  const width = chart.width / values.length;
  const label = `${title}, last ${historyMs / MINUTE} minutes: at most ${number(most, 1)} ${unit}`;
  return (
    <figure>
      <figcaption>
        {title} <span>{now}</span>
      </figcaption>
      <svg
        role="img"
        aria-label={label}
        viewBox={`0 0 ${chart.width} ${chart.height}`}
        preserveAspectRatio="none"
      >
        <line x1="0" y1={chart.height - 0.5} x2={chart.width} y2={chart.height - 0.5} />
        {values.map((value, index) => {
          if (value === 0) return null;
          const height = Math.max(1, (value / most) * chart.height);
          const x = (index * width).toFixed(2);
          const y = (chart.height - height).toFixed(2);
          return <rect x={x} y={y} width={(width * 0.8).toFixed(2)} height={height.toFixed(2)} />;
        })}
      </svg>
      <figcaption>
        <span>15 minutes ago</span>
        <span>
          maximum {number(most, 1)} {unit}
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function Charts({ series }: Pick<PageProps, "series">) {
  const rows = series.map(({ ballots }) => ballots / (stepMs / SECOND));
  const sizes = series.map(({ ballots, commits }) => (commits > 0 ? ballots / commits : 0));
  const total = series.reduce((sum, { ballots }) => sum + ballots, 0);
  const commits = series.reduce((sum, step) => sum + step.commits, 0);
  return (
    <div class="charts">
      <Chart
        title="Ballots a second"
        now={`${number(total)} in all`}
        values={rows}
        unit="a second"
      />
      <Chart
        title="Ballots in a transaction"
        now={commits > 0 ? `${number(total / commits, 1)} on average` : "none"}
        values={sizes}
        unit="at a time"
      />
    </div>
  );
}

function Table({ heads, children }: { heads: readonly string[]; children: Child }) {
  const [first, ...rest] = heads;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {rest.map(head => (
              <th scope="col" class="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Queues(props: Omit<PageProps, "series" | "filter" | "lines" | "openLetters">) {
  const { state, survey, slotsPerSecond, copies, books } = props;
  const lanes = survey.servers.flatMap(server => server.lanes);
  const left = flushTimeMs(slotsWaiting(survey), slotsPerSecond);
  return (
    <>
      <Table heads={["Lane and server", "Slots waiting", "Oldest ballot"]}>
        {lanes.map(({ lane, server, slots, oldestAtMs }) => (
          <tr>
            <td>
              {lane} <span class="soft">{server}</span>
            </td>
            <td class="number">{number(slots)}</td>
            <td class="number">
              {oldestAtMs === undefined ? "none" : duration(Math.max(0, survey.atMs - oldestAtMs))}
            </td>
          </tr>
        ))}
      </Table>
      {lanes.length === 0 && <p class="soft">No queue has been used since memcached started.</p>}
      <p>
        {left === undefined || isFailing(state) || survey.standstills.length > 0
          ? "Not everything is being flushed, so there is no estimate."
          : left === 0
            ? "Nothing is left to flush."
            : `At the rate of the last minute, everything is flushed in ${duration(left)}.`}{" "}
        {lossEstimate(survey, copies, books).sentence}
      </p>
    </>
  );
}

function Fact({ name, bad, children }: { name: string; bad?: boolean; children: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={bad ? "bad" : undefined}>{children}</dd>
    </div>
  );
}

function Servers({ survey }: Pick<PageProps, "survey">) {
  return (
    <>
      {survey.servers.map(({ name, memory }) => (
        <>
          <h3>{name}</h3>
          {memory ? (
            <dl class="facts">
              <Fact name="Memory used">
                {megabytes(memory.usedBytes)} of {megabytes(memory.limitBytes)}
              </Fact>
              <Fact name="When full" bad={memory.mayEvict}>
                {memory.mayEvict ? "evicts (no -M)" : "refuses"}
              </Fact>
              <Fact name="Evictions" bad={memory.evictions > 0}>
                {number(memory.evictions)}
              </Fact>
              <Fact name="Refused for memory" bad={memory.outOfMemory > 0}>
                {number(memory.outOfMemory)}
              </Fact>
            </dl>
          ) : (
            <p class="bad">It cannot be reached.</p>
          )}
        </>
      ))}
    </>
  );
}

function LastError({ state }: Pick<PageProps, "state">) {
  if (!state.lastError) return <p>None since this worker started.</p>;
  const { atMs, error } = state.lastError;
  return (
    <p>
      <Time ms={atMs} />: {String(error.error)}
      {Array.isArray(error.causes) && <span class="soft"> ({error.causes.join("; ")})</span>}
    </p>
  );
}

function Log({ filter, lines }: Pick<PageProps, "filter" | "lines">) {
  const newestFirst = [...lines].reverse();
  return (
    <>
      <form method="get" action="/#log">
        <label for="filter">Lines containing</label>
        <input id="filter" name="log" value={filter} autocomplete="off" />
        <button type="submit">Show</button>
        {filter && <a href="/#log">all</a>}
      </form>
      {newestFirst.length === 0 ? (
        <p class="soft">No line{filter && " contains that"}.</p>
      ) : (
        <pre tabindex={0}>{newestFirst.join("\n")}</pre>
      )}
    </>
  );
}

/** The whole page. The renderer escapes all text: log lines may contain anything. */
export function renderStatusPage(props: PageProps): string {
  const { state, survey, slotsPerSecond, books, openLetters, copies } = props;
  const { tone, text } = stateSentence(state, survey, slotsPerSecond, { books, openLetters });
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${tone === "good" ? "" : "(!) "}Floodgate worker`}</title>
        <style>{raw(styles)}</style>
      </head>
      <body>
        <main>
          <header>
            <span>
              Floodgate worker, as of <Time ms={survey.atMs} />, running for{" "}
              {duration(survey.atMs - state.startedAtMs)}
            </span>
            <span>
              <a href="/">reload</a> · <a href="/status.json">JSON</a> ·{" "}
              <a href="/metrics">metrics</a> · <a href="/healthz">health</a>
            </span>
          </header>
          <h1 data-tone={tone}>{text}</h1>
          <h2>Queues</h2>
          <Queues {...{ state, survey, slotsPerSecond, books, copies }} />
          <h2>Books</h2>
          <BooksTable books={books} />
          <h2>Flushed</h2>
          <Charts series={props.series} />
          <h2>memcached</h2>
          <Servers survey={survey} />
          <h2>Processes</h2>
          <ProcessesTable members={survey.fronts.members} nowMs={survey.atMs} />
          <h2>Last error</h2>
          <LastError state={state} />
          <h2 id="log">Log</h2>
          <Log filter={props.filter} lines={props.lines} />
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${html.toString()}`;
}
