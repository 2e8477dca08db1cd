import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { formatLocalTime, sayTime } from "#lib/base/time-zone.ts";
import { getFront } from "#lib/web/front.ts";
import { embedCode } from "#reader/embed-code.ts";
import { type DeskPoll, deskBooks, deskPoll } from "../../../_data/desk.ts";
import { BooksTable } from "../../../_ui/books-table.tsx";
import { ClosingTime } from "../../../_ui/closing-time.tsx";
import { Confirm } from "../../../_ui/confirm.tsx";
import { ReopenCount } from "../../../_ui/reopen-count.tsx";
import { ResultsTable } from "../../../_ui/results-table.tsx";
import { RulesForm } from "../../../_ui/rules-form.tsx";
import { StateLabel } from "../../../_ui/state-label.tsx";
import {
  closePollAction,
  openPollAction,
  removePollAction,
  reopenCountAction,
} from "../../../actions.ts";

interface Props {
  readonly params: Promise<{ readonly poll: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const found = await deskPoll((await params).poll);
  return { title: found?.poll.question ?? "Poll not found" };
}

export default async function PollPage({ params }: Props) {
  const found = await deskPoll((await params).poll);
  if (!found) notFound();
  const { poll, state, stateInWords } = found;
  const books = state === "draft" || state === "scheduled" ? undefined : await deskBooks(poll);
  const { config } = getFront();
  const zone = config.timeZone;
  return (
    <div className="flex flex-col gap-6">
      <section className="rounded border border-hair bg-card p-4">
        <p className="mb-2 text-sm">
          <Link href="/studio" className="underline underline-offset-4">
            All polls
          </Link>
        </p>
        <h1 className="font-serif text-2xl leading-tight font-semibold text-balance">
          {poll.question}
        </h1>
        {poll.description && <p className="mt-1 text-soft">{poll.description}</p>}
        <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
          <StateLabel state={state}>{stateInWords}</StateLabel>
          {state !== "draft" && (
            <a
              href={`/p/${poll.slug}`}
              className="text-sm text-accent underline underline-offset-4"
            >
              {config.publicUrl}/p/{poll.slug}
            </a>
          )}
        </div>
        <Actions found={found} />
      </section>
      <Results found={found} />
      {books && <BooksTable books={books} />}
      {state === "final" && books && books.setAside > 0 && <LateVotes slug={poll.slug} />}
      <Reopenings poll={poll} />
      {state !== "draft" && <Embed code={embedCode(config.publicUrl, poll)} />}
      <section className="rounded border border-hair bg-card p-4">
        <h2 className="mb-3 font-serif text-lg font-semibold">Rules</h2>
        <RulesForm
          slug={poll.slug}
          timeZone={zone}
          values={{
            resultsTo: poll.resultsTo,
            resultsAs: poll.resultsAs,
            afterVote: poll.afterVote,
            afterVoteText: poll.afterVoteText,
            afterVoteLink: poll.afterVoteLink,
            lane: poll.lane,
            mayChange: poll.mayChange,
            resultsFrom:
              poll.resultsFromMs === null ? "" : formatLocalTime(poll.resultsFromMs, zone),
          }}
        />
      </section>
      {(state === "open" || state === "scheduled" || state === "draft") && (
        <section className="rounded border border-hair bg-card p-4">
          <h2 className="mb-3 font-serif text-lg font-semibold">Closing time</h2>
          <ClosingTime
            slug={poll.slug}
            timeZone={zone}
            value={poll.closesAtMs === null ? "" : formatLocalTime(poll.closesAtMs, zone)}
          />
        </section>
      )}
    </div>
  );
}

/** Votes that were set aside after the result was final. */
function LateVotes({ slug }: { slug: string }) {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h2 className="mb-1 font-serif text-lg font-semibold">Late votes</h2>
      <p className="mb-3 text-sm text-soft">
        Some votes reached the count after the result was final, and are set aside. Those that
        readers cast before the poll closed can still be counted.
      </p>
      <ReopenCount slug={slug} action={reopenCountAction} />
    </section>
  );
}

/** What readers are told about changes of a final result. */
function Reopenings({ poll: { reopenings = [] } }: { poll: DeskPoll["poll"] }) {
  if (reopenings.length === 0) return null;
  const zone = getFront().config.timeZone;
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h2 className="mb-1 font-serif text-lg font-semibold">Corrections of the result</h2>
      <ul className="flex flex-col gap-1">
        {reopenings.map(({ reopenedAtMs, reason, ballotsBefore, ballotsAfter }) => (
          <li key={reopenedAtMs}>
            {sayTime(reopenedAtMs, zone)}: {ballotsBefore} votes before,{" "}
            {ballotsAfter === null ? "being counted" : `${ballotsAfter} now`}. {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The code that puts the poll into an article. */
function Embed({ code }: { code: string }) {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h2 className="mb-1 font-serif text-lg font-semibold">Embed in an article</h2>
      <p className="mb-3 text-sm text-soft">
        Paste this code into the article. If your publishing system supports oEmbed, paste the
        poll’s address instead.
      </p>
      <textarea
        readOnly
        rows={4}
        aria-label="Embed code"
        defaultValue={code}
        className="w-full rounded border border-mark bg-paper p-2 font-mono text-xs"
      />
    </section>
  );
}

function Actions({ found: { poll, state } }: { found: DeskPoll }) {
  const canOpen = state === "draft" || state === "scheduled";
  const canRemove = canOpen || state === "final";
  return (
    <div className="mt-4 flex flex-wrap gap-3">
      {canOpen && (
        <Confirm
          slug={poll.slug}
          label="Open now"
          title="Open this poll now?"
          consequence="Readers can vote immediately. The question and the options can no longer be changed."
          variant="primary"
          action={openPollAction}
        />
      )}
      {state === "open" && (
        <Confirm
          slug={poll.slug}
          label="Close now"
          title="Close this poll now?"
          consequence="No more votes will be accepted. The result becomes final when the last votes are counted. A closed poll can’t be reopened."
          action={closePollAction}
        />
      )}
      {canRemove && (
        <Confirm
          slug={poll.slug}
          label="Delete"
          title="Delete this poll?"
          consequence="This permanently deletes the poll, its votes and its results. Links to the poll will stop working."
          variant="danger"
          action={removePollAction}
        />
      )}
    </div>
  );
}

function Results({ found: { poll, results } }: { found: DeskPoll }) {
  if (!results) return null;
  if (results.hidden !== null) {
    return (
      <section className="rounded border border-hair bg-card p-4">
        <h2 className="font-serif text-lg font-semibold">Results</h2>
        <p className="mt-1 text-soft">
          The results of this poll are hidden from everyone, including editors.
        </p>
      </section>
    );
  }
  return <ResultsTable poll={poll} results={results} timeZone={getFront().config.timeZone} />;
}
