import type { Metadata } from "next";
import Link from "next/link";
import { sayTime } from "#lib/base/time-zone.ts";
import { getFront } from "#lib/web/front.ts";
import { embedCode } from "#reader/embed-code.ts";
import { type PollPage, pollPage } from "../../../_data/poll-page.ts";
import { leadToRenamed } from "../../../_data/renamed.ts";
import { requireSignIn } from "../../../_data/signed-in-editor.ts";
import { Act } from "../../../_ui/act.tsx";
import { BooksTable } from "../../../_ui/books-table.tsx";
import { buttonClass } from "../../../_ui/button.tsx";
import { ClosingTime, OpeningTime } from "../../../_ui/poll-times.tsx";
import { ReopenCount } from "../../../_ui/reopen-count.tsx";
import { ResultsTable } from "../../../_ui/results-table.tsx";
import { RulesForm } from "../../../_ui/rules-form.tsx";
import { StateLabel } from "../../../_ui/state-label.tsx";
import { closePollAction, openPollAction, removePollAction } from "../../../actions/poll-acts.ts";

interface Props {
  readonly params: Promise<{ readonly poll: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  await requireSignIn();
  const found = await pollPage((await params).poll);
  return { title: found?.poll.question ?? "Poll not found" };
}

export default async function PollPageView({ params }: Props) {
  const editor = await requireSignIn();
  const found = await pollPage((await params).poll);
  if (!found) return leadToRenamed((await params).poll);
  const { poll, state, stateInWords, counts, reference, values } = found;
  const { publicUrl, timeZone } = getFront().config;
  const form = { editor: editor.id, poll: reference, values };
  const isBefore = state === "draft" || state === "scheduled";
  return (
    <div className="flex flex-col gap-6">
      <section className="rounded border border-hair bg-card p-4">
        <p className="mb-2 text-sm">
          <Link href="/studio" className="underline underline-offset-4">
            All polls
          </Link>
        </p>
        <h1 className="font-serif text-2xl leading-tight font-semibold text-balance wrap-anywhere">
          {poll.question}
        </h1>
        {poll.description && (
          <p className="mt-1 whitespace-pre-line wrap-anywhere text-soft">{poll.description}</p>
        )}
        <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
          <StateLabel state={state}>{stateInWords}</StateLabel>
          {state !== "draft" && (
            <a
              href={`/p/${poll.slug}`}
              className="min-w-0 text-sm wrap-anywhere text-accent underline underline-offset-4"
            >
              {publicUrl}/p/{poll.slug}
            </a>
          )}
        </div>
        {isBefore && <Options poll={poll} />}
        <Actions found={found} editor={editor.id} />
      </section>
      {isBefore && (
        <Section title="Opening time">
          <OpeningTime {...form} timeZone={timeZone} />
        </Section>
      )}
      <Results found={found} />
      {counts && <BooksTable books={counts.books} />}
      {state === "final" && counts && counts.books.setAside > 0 && (
        <Section title="Late votes">
          <p className="mb-3 text-sm text-soft">
            Some votes reached the count after the result was final, and are set aside. Those that
            readers cast before the poll closed can still be counted.
          </p>
          <ReopenCount {...form} />
        </Section>
      )}
      <Reopenings poll={poll} />
      {state !== "draft" && <Embed code={embedCode(publicUrl, poll)} />}
      <Section title="Rules">
        <RulesForm {...form} timeZone={timeZone} />
      </Section>
      {(state === "open" || isBefore) && (
        <Section title="Closing time">
          <ClosingTime {...form} timeZone={timeZone} />
        </Section>
      )}
    </div>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h2 className="mb-2 font-serif text-lg font-semibold">{title}</h2>
      {children}
    </section>
  );
}

/** The options of a poll that has no results yet. */
function Options({ poll: { options } }: { poll: PollPage["poll"] }) {
  return (
    <ol className="mt-3 list-inside list-decimal">
      {options.map(({ number, label }) => (
        <li key={number} className="[overflow-wrap:anywhere]">
          {label}
        </li>
      ))}
    </ol>
  );
}

/** What readers are told about changes of a final result. */
function Reopenings({ poll: { reopenings = [] } }: { poll: PollPage["poll"] }) {
  if (reopenings.length === 0) return null;
  const zone = getFront().config.timeZone;
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h2 className="mb-1 font-serif text-lg font-semibold">Corrections of the result</h2>
      <ul className="flex flex-col gap-1 wrap-anywhere">
        {reopenings.map(({ reopenedAtMs, reason, ballotsBefore, ballotsAfter }) => (
          <li key={reopenedAtMs}>
            {sayTime(reopenedAtMs, zone)}: {ballotsBefore} {ballotsBefore === 1 ? "vote" : "votes"}{" "}
            before, {ballotsAfter === null ? "being counted" : `${ballotsAfter} now`}. {reason}
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

function Actions({ found, editor }: { found: PollPage; editor: string }) {
  const { state, reference, values } = found;
  const isBefore = state === "draft" || state === "scheduled";
  const act = { editor, poll: reference, values };
  return (
    <div className="mt-4 flex flex-wrap gap-3">
      {isBefore && (
        <>
          <Act {...act} label="Open now…" variant="primary" action={openPollAction} />
          <Link href={`/studio/polls/${reference.slug}/edit`} className={buttonClass("quiet")}>
            Edit
          </Link>
        </>
      )}
      {state === "open" && <Act {...act} label="Close now…" action={closePollAction} />}
      {(isBefore || state === "final") && (
        <Act {...act} label="Delete…" variant="danger" action={removePollAction} />
      )}
    </div>
  );
}

function Results({ found: { poll, counts } }: { found: PollPage }) {
  if (!counts) return null;
  const { results } = counts;
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
