/**
 * Editors' actions on polls: create, change, open, close, delete. Each writes MySQL first and then the published copy.
 * The worker repeats a publication that failed.
 */
import { randomBytes } from "node:crypto";
import slugify from "@sindresorhus/slugify";
import { FloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey, Slug } from "../model/ids.ts";
import type { Poll, PollContent } from "../model/poll.ts";
import { pollKeyMin } from "../model/poll-key.ts";
import { pollState } from "../model/poll-state.ts";
import { partsOf } from "../model/tally-parts.ts";
import type { Database, Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { addFormerSlug, formerSlugsOf, takeSlug } from "../store/former-slugs.ts";
import { deletePoll, insertPoll, replaceOptions, updatePoll } from "../store/poll-changes.ts";
import { findPoll, lockPoll } from "../store/polls.ts";
import { createTally } from "../tallies/counters.ts";
import { contentOf, mergedWith, refuseContradictions, refuseLateChanges } from "./content.ts";
import { noteRenamed } from "./former-slugs.ts";
import type { PublishedPolls } from "./published.ts";
import type { CreatePoll, UpdatePoll } from "./schema.ts";
import { writeCurrent } from "./write-current.ts";

export interface EditDeps {
  readonly store: Store;
  readonly published: PublishedPolls;
  readonly tallies: Placement;
  readonly log: Log;
}

export interface CreateDeps extends EditDeps {
  /** Names the secret that new polls get. May throw StoreFailure. */
  readonly secretForNewPolls: () => Promise<string>;
}

/** What an editor saw of a poll. A change is refused when it is not so any more. */
export interface Expected {
  readonly version?: number | undefined;
  /** Another poll may have the slug by now. */
  readonly key?: PollKey | undefined;
}

const slugTriesMax = 20;
/** A repeated question gets slugs with numbers up to this one, then with random suffixes. */
const numberedSlugsMax = 10;
const generatedSlugLengthMax = 60;

/**
 * Creates a poll: a draft, unless it is given an opening time.
 *
 * @throws FloodgateError `invalid_request` when its parts contradict each other, `slug_taken`.
 */
export async function createPoll(
  deps: CreateDeps,
  input: CreatePoll,
  nowMs: number,
): Promise<Poll> {
  const content = contentOf(input);
  refuseContradictions(content);
  const secretDigest = await deps.secretForNewPolls();
  const base = (input.slug ?? generateSlug(input.question)) as Slug;
  for (let attempt = 1; attempt <= slugTriesMax; attempt++) {
    const slug = (attempt === 1 ? base : `${base}-${slugSuffix(attempt)}`) as Slug;
    try {
      const key = newPollKey();
      const poll = { ...content, slug, key, secretDigest };
      await deps.store.transaction(db => insertPoll(db, poll, nowMs));
      return await afterCreation(deps, slug, key, content, nowMs);
    } catch (error) {
      if (!isStoreFailure(error, "duplicate")) throw error;
      if (input.slug !== undefined) throw new FloodgateError("slug_taken", { cause: error });
    }
  }
  throw new FloodgateError("slug_taken");
}

function newPollKey(): PollKey {
  for (;;) {
    const key = randomBytes(8).readBigUInt64BE();
    if (key >= pollKeyMin) return String(key) as PollKey;
  }
}

function slugSuffix(attempt: number): string {
  return attempt <= numberedSlugsMax ? String(attempt) : randomBytes(3).toString("hex");
}

async function afterCreation(
  deps: EditDeps,
  slug: Slug,
  key: PollKey,
  content: Pick<PollContent, "kind" | "options">,
  nowMs: number,
): Promise<Poll> {
  await createTally(deps.tallies, key, partsOf(content), nowMs);
  return publish(deps, slug, nowMs);
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
  await edit(deps, slug, { ...expected, version }, async (db, poll) => {
    const content = mergedWith(poll, change);
    refuseLateChanges(poll, change, content, nowMs);
    refuseContradictions(content, { poll, change });
    await updatePoll(db, poll.id, content, nowMs).catch(error => {
      if (!isStoreFailure(error, "duplicate")) throw error;
      throw new FloodgateError("slug_taken", { cause: error });
    });
    if (change.options) await replaceOptions(db, poll.id, content.options);
    if (newSlug === slug) return;
    await takeSlug(db, newSlug);
    await addFormerSlug(db, poll.id, slug, nowMs);
    formerSlugs = await formerSlugsOf(db, poll.id);
  });
  if (newSlug !== slug) {
    await whenReachable(deps, deps.published.withdraw(slug));
    await noteRenamed(deps.tallies, formerSlugs, newSlug);
  }
  const poll = await publish(deps, newSlug, nowMs);
  if (change.options || change.kind) {
    await createTally(deps.tallies, poll.key, partsOf(poll), nowMs);
  }
  return poll;
}

/**
 * Opens a poll now. Opening an open poll changes nothing.
 *
 * @throws FloodgateError `poll_not_found`, `edit_conflict`, `poll_in_use` when it has been closed.
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
    const closesAtMs =
      poll.closesAtMs !== null && poll.closesAtMs <= nowMs ? null : poll.closesAtMs;
    await updatePoll(db, poll.id, { ...poll, opensAtMs: nowMs, closesAtMs }, nowMs);
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

/** Runs `work` on the poll, its row locked, if it is as expected. */
async function edit(
  deps: EditDeps,
  slug: Slug,
  { version, key }: Expected,
  work: (db: Database, poll: Poll) => Promise<void>,
): Promise<void> {
  await deps.store.transaction(async db => {
    const poll = await lockPoll(db, slug);
    if (!poll || (key ?? poll.key) !== poll.key) throw new FloodgateError("poll_not_found");
    if ((version ?? poll.version) !== poll.version) {
      throw new FloodgateError("edit_conflict", { extra: { version: poll.version } });
    }
    await work(db, poll);
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
  await edit(deps, slug, expected, work);
  return publish(deps, slug, nowMs);
}

async function publish(deps: EditDeps, slug: Slug, nowMs: number): Promise<Poll> {
  const { store, published } = deps;
  const poll = await writeCurrent(
    () => findPoll(store, slug),
    found => whenReachable(deps, found ? published.publish(found) : published.withdraw(slug)),
  );
  await whenReachable(deps, published.publishList(nowMs));
  if (!poll) throw new FloodgateError("poll_not_found");
  return poll;
}

/** Logs a publication that failed: MySQL has the change, and the worker publishes it later. */
async function whenReachable(deps: EditDeps, work: Promise<unknown>): Promise<void> {
  await orWhenMemcachedFails(work, failure => {
    deps.log.warn({ event: "not_published", ...describeError(failure) });
  });
}

function generateSlug(question: string): string {
  const words = slugify(question)
    .slice(0, generatedSlugLengthMax)
    .replace(/-[^-]*$/, match => (question.length > generatedSlugLengthMax ? "" : match));
  return words.replaceAll(/^-+|-+$/g, "") || "poll";
}
