/**
 * Editors' actions on polls: change, open, close, delete; `create.ts` creates them. Each writes MySQL first and then the published copy.
 * The worker repeats a publication that failed.
 */
import { FloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { pollState } from "../model/poll-state.ts";
import { partsOf } from "../model/tally-parts.ts";
import type { Database, Store } from "../store/database.ts";
import { isStoreFailure, orWhenMysqlFails } from "../store/failure.ts";
import { addFormerSlug, formerSlugsOf, takeSlug } from "../store/former-slugs.ts";
import { deletePoll, replaceOptions, updatePoll } from "../store/poll-changes.ts";
import { findPoll, lockPoll } from "../store/polls.ts";
import { createTally } from "../tallies/counters.ts";
import {
  mergedWith,
  refuseContradictions,
  refuseLateChanges,
  refusePassedTimes,
} from "./content.ts";
import { noteRenamed } from "./former-slugs.ts";
import type { PublishedPolls } from "./published.ts";
import type { UpdatePoll } from "./schema.ts";
import { writeCurrent } from "./write-current.ts";

export interface EditDeps {
  readonly store: Store;
  readonly published: PublishedPolls;
  readonly tallies: Placement;
  readonly log: Log;
}

/** What an editor saw of a poll. A change is refused when it is not so any more. */
export interface Expected {
  readonly version?: number | undefined;
  /** Another poll may have the slug by now. */
  readonly key?: PollKey | undefined;
}

/**
 * Changes a poll.
 *
 * @throws FloodgateError `poll_not_found`, `edit_conflict`, `poll_in_use`, `invalid_request`, `slug_taken`.
 */
export async function changePoll(
  deps: EditDeps,
  slug: Slug,
  change: UpdatePoll,
  nowMs: number,
  expected: Expected = {},
): Promise<Poll> {
  const newSlug = (change.slug ?? slug) as Slug;
  let formerSlugs: readonly Slug[] = [];
  const { version = expected.version } = change;
  const saved = await edit(
    deps,
    slug,
    { ...expected, version },
    async (db, poll) => {
      const content = mergedWith(poll, change);
      refuseLateChanges(poll, change, content, nowMs);
      refuseContradictions(content, { poll, change });
      refusePassedTimes(content, nowMs, poll);
      await updatePoll(db, poll.id, content, nowMs).catch(error => {
        if (!isStoreFailure(error, "duplicate")) throw error;
        throw new FloodgateError("slug_taken", { cause: error });
      });
      if (change.options) await replaceOptions(db, poll.id, content.options);
      if (newSlug === slug) return;
      await takeSlug(db, newSlug);
      await addFormerSlug(db, poll.id, slug, nowMs);
      formerSlugs = await formerSlugsOf(db, poll.id);
    },
    newSlug,
  );
  if (newSlug !== slug) {
    await whenReachable(deps, deps.published.withdraw(slug));
    await noteRenamed(deps.tallies, formerSlugs, newSlug);
  }
  const poll = await publish(deps, existing(saved), nowMs);
  if (change.options || change.kind) {
    await createTally(deps.tallies, poll.key, partsOf(poll), nowMs);
  }
  return poll;
}

/**
 * Opens a poll now. Opening an open poll changes nothing.
 *
 * @throws FloodgateError `poll_not_found`, `edit_conflict`, `poll_in_use` when it has been closed, `closing_passed`.
 */
export async function openPoll(
  deps: EditDeps,
  slug: Slug,
  nowMs: number,
  expected: Expected = {},
): Promise<Poll> {
  return editPoll(deps, slug, nowMs, expected, async (db, poll) => {
    const state = pollState(poll, nowMs);
    if (state === "open") return;
    if (state !== "draft" && state !== "scheduled") {
      throw new FloodgateError("poll_in_use", { detail: "A closed poll can't be opened again." });
    }
    const opened = { ...poll, opensAtMs: nowMs };
    refusePassedTimes(opened, nowMs, poll);
    await updatePoll(db, poll.id, opened, nowMs);
  });
}

/**
 * Closes a poll now. Closing a closed poll changes nothing.
 *
 * @throws FloodgateError `poll_not_found`, `edit_conflict`, `poll_in_use` when it was never open.
 */
export async function closePoll(
  deps: EditDeps,
  slug: Slug,
  nowMs: number,
  expected: Expected = {},
): Promise<Poll> {
  return editPoll(deps, slug, nowMs, expected, async (db, poll) => {
    const state = pollState(poll, nowMs);
    if (state === "closing" || state === "final") return;
    if (state !== "open") {
      throw new FloodgateError("poll_in_use", {
        detail: "A poll that is not open can't be closed.",
      });
    }
    await updatePoll(db, poll.id, { ...poll, closesAtMs: nowMs }, nowMs);
  });
}

/**
 * Deletes a poll with its ballots. Refused while it is open, or while ballots may still reach it.
 *
 * @throws FloodgateError `poll_not_found`, `edit_conflict`, `poll_in_use`.
 */
export async function removePoll(
  deps: EditDeps,
  slug: Slug,
  nowMs: number,
  expected: Expected = {},
): Promise<void> {
  await edit(deps, slug, expected, async (db, poll) => {
    const state = pollState(poll, nowMs);
    if (state === "open" || state === "closing") {
      throw new FloodgateError("poll_in_use", { detail: `The poll is ${state}.` });
    }
    await deletePoll(db, poll.id);
  });
  await whenReachable(deps, deps.published.withdraw(slug));
  await whenReachable(deps, deps.published.publishList(nowMs));
}

/**
 * Runs `work` on the poll, its row locked, if it is as expected. Resolves with the poll as it is saved: a failure to read
 * it afterwards would be taken for one to save it.
 *
 * @param savedSlug - the slug that `work` gives the poll.
 */
function edit(
  deps: EditDeps,
  slug: Slug,
  { version, key }: Expected,
  work: (db: Database, poll: Poll) => Promise<void>,
  savedSlug: Slug = slug,
): Promise<Poll | undefined> {
  return deps.store.transaction(async db => {
    const poll = await lockPoll(db, slug);
    if (!poll || (key ?? poll.key) !== poll.key) throw new FloodgateError("poll_not_found");
    if ((version ?? poll.version) !== poll.version) {
      throw new FloodgateError("edit_conflict", { extra: { version: poll.version } });
    }
    await work(db, poll);
    return findPoll(db, savedSlug);
  });
}

/** Runs `work` on the poll, its row locked, and publishes the poll afterwards. Throws what `edit` and `work` throw. */
export async function editPoll(
  deps: EditDeps,
  slug: Slug,
  nowMs: number,
  expected: Expected,
  work: (db: Database, poll: Poll) => Promise<void>,
): Promise<Poll> {
  return publish(deps, existing(await edit(deps, slug, expected, work)), nowMs);
}

/** Publishes a poll that is saved, as MySQL has it now. When it can't be published or read again, the worker does it. */
export async function publish(deps: EditDeps, saved: Poll, nowMs: number): Promise<Poll> {
  const { store, published } = deps;
  const { slug } = saved;
  let poll: Poll | undefined = saved;
  const write = async () => {
    poll = await writeCurrent(
      () => findPoll(store, slug),
      found => whenReachable(deps, found ? published.publish(found) : published.withdraw(slug)),
    );
  };
  await whenReachable(deps, write());
  await whenReachable(deps, published.publishList(nowMs));
  return existing(poll);
}

/** Logs a publication that failed: MySQL has the change, and the worker publishes it later. */
async function whenReachable(deps: EditDeps, work: Promise<unknown>): Promise<void> {
  const log = (failure: Error) => {
    deps.log.warn({ event: "not_published", ...describeError(failure) });
  };
  await orWhenMysqlFails(orWhenMemcachedFails(work, log), log);
}

/** @throws FloodgateError `poll_not_found`. */
function existing(poll: Poll | undefined): Poll {
  if (!poll) throw new FloodgateError("poll_not_found");
  return poll;
}
