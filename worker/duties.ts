/**
 * The duties of maintenance, as a table: name, how often, and what is done.
 *
 * Invariant: a duty may be done by several workers at once, and left half done by one that dies. Each duty decides from
 *   the current state; remembered values only save work.
 */
import { HOUR, MINUTE, SECOND } from "#lib/base/clock.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { type FinishedPass, finalizePolls } from "#lib/flush/finalize.ts";
import type { Slug } from "#lib/model/ids.ts";
import { publishCurrent } from "#lib/polls/publish-current.ts";
import { publishLastRunoff } from "#lib/results/published-runoff.ts";
import { countingPolls, pollsChangedSince, pollsNotFinal } from "#lib/store/polls.ts";
import { restoreMarks } from "#lib/voters/restore-marks.ts";
import { batchPruner } from "./batch-duty.ts";
import { bookCloser } from "./book-closer.ts";
import { MemoryAlarm } from "./memory-alarm.ts";
import { restoreDuty } from "./restore-duty.ts";
import { runoffPublisher } from "./runoff-duty.ts";
import { ServerChange } from "./server-change.ts";
import { doubtfulTalliesDuty, sweeper } from "./tally-duties.ts";
import type { WorkerParts } from "./worker-parts.ts";

export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  /** On an idle site. */
  readonly idleEveryMs: number;
  readonly run: (pass: FinishedPass) => Promise<void>;
}

type Run = Duty["run"];

const duty = (name: string, [everyMs, idleEveryMs]: readonly [number, number], run: Run): Duty => ({
  name,
  everyMs,
  idleEveryMs,
  run,
});

/** In the order in which they are done after a pass. */
export function dutiesOf(worker: WorkerParts): Duty[] {
  const { books, clock, flusher, fronts, log, placement, published, store } = worker;
  const change = new ServerChange(worker);
  const memory = new MemoryAlarm(log, placement);
  return [
    duty("bring the books up to date", [SECOND / 4, 2 * SECOND], () => books.gather()),
    duty("close the books", [12 * SECOND, 12 * SECOND], bookCloser(worker)),
    duty("correct doubtful tallies", [SECOND, SECOND], doubtfulTalliesDuty(worker)),
    duty("watch the fronts", [5 * SECOND, 15 * SECOND], () => fronts.look()),
    duty("finalize polls", [SECOND, 5 * SECOND], pass =>
      finalizePolls(
        {
          ...worker,
          confirm: () => flusher.confirm(),
          publishOutcome: poll => publishLastRunoff(worker.tallies, poll),
        },
        pass,
      ),
    ),
    duty("publish anew after a restore", [SECOND, 5 * SECOND], restoreDuty(worker)),
    duty("publish changes", [5 * SECOND, 15 * SECOND], publisher(worker)),
    // After a poll was deleted by a front of release 0.2.0, or by one that died before it could publish the list.
    duty("compare the list of polls", [MINUTE, MINUTE], () => published.correctList(clock.nowMs())),
    duty("compare tallies with totals", [5 * SECOND, 20 * SECOND], sweeper(worker)),
    duty("publish runoffs", [SECOND, 5 * SECOND], runoffPublisher(worker)),
    duty("recount a poll", [5 * MINUTE, 5 * MINUTE], recounter(worker)),
    duty("watch memcached's memory", [MINUTE, MINUTE], () => memory.check()),
    duty("restore marks", [SECOND, SECOND], async () => {
      await restoreMarks({ store, log, clock, placement });
    }),
    duty("change the servers", [SECOND, 5 * SECOND], pass => change.advance(pass)),
    duty("prune batches", [SECOND, SECOND], batchPruner(worker)),
    duty("prune processes", [HOUR, HOUR], () => fronts.prune()),
  ];
}

/**
 * Publishes polls that an editor changed while memcached could not be written; any other change, a bit late. At the
 * start also polls that are not final, if an older release published them.
 */
function publisher({ clock, store, published }: WorkerParts): Run {
  let publishedUpToMs = clock.nowMs() - MINUTE;
  let hasStarted = false;
  let known: ReadonlySet<string> = new Set();
  return async () => {
    const upToMs = clock.nowMs();
    const changed = await pollsChangedSince(store, publishedUpToMs - 30 * SECOND);
    if (!hasStarted) changed.push(...(await pollsNotFinal(store)));
    hasStarted = true;
    const behind: Slug[] = [];
    for (const poll of changed) if (await published.isBehind(poll)) behind.push(poll.slug);
    await publishCurrent({ store, published }, behind);
    const changes = new Set(changed.map(({ id, version }) => `${id} ${version}`));
    // A front of release 0.2.0 publishes a poll, and no list that later releases read.
    const isNew = [...changes].some(change => !known.has(change));
    if (behind.length > 0 || isNew) await published.publishList(upToMs);
    known = changes;
    publishedUpToMs = upToMs;
  };
}

/** Recounts one poll that takes ballots, chosen at random: daemons and cron runs share them without coordination. */
function recounter({ clock, store, log, doubtful }: WorkerParts): Run {
  return async () => {
    const counting = await countingPolls(store, clock.nowMs());
    const poll = counting[Math.floor(Math.random() * counting.length)];
    if (!poll) return;
    const drifts = await recountPoll(store, poll, true);
    if (drifts.length === 0) return;
    log.error({ event: "totals_corrected", poll: poll.slug, drifts });
    doubtful.add([poll.id]);
  };
}
