/** Creating a poll. Like every change, it is written to MySQL first and then published. */
import { randomBytes } from "node:crypto";
import slugify from "@sindresorhus/slugify";
import { FloodgateError } from "../base/errors.ts";
import type { PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { pollKeyMin } from "../model/poll-key.ts";
import { partsOf } from "../model/tally-parts.ts";
import { isStoreFailure, orWhenMysqlFails } from "../store/failure.ts";
import { findCreation, insertPoll, type NewPoll } from "../store/poll-changes.ts";
import { findPoll } from "../store/polls.ts";
import { createTally } from "../tallies/counters.ts";
import { contentOf, refuseContradictions, refusePassedTimes } from "./content.ts";
import type { CreationKey } from "./creation-key.ts";
import { type EditDeps, publish } from "./edit.ts";
import type { CreatePoll } from "./schema.ts";

export interface CreateDeps extends EditDeps {
  /** Names the secret that new polls get. May throw StoreFailure. */
  readonly secretForNewPolls: () => Promise<string>;
}

const slugTriesMax = 20;
/** A repeated question gets slugs with numbers up to this one, then with random suffixes. */
const numberedSlugsMax = 10;
const generatedSlugLengthMax = 60;

/**
 * Creates a poll: a draft, unless it is given an opening time.
 *
 * @param creation - makes it idempotent: the poll that was created under this key is given back.
 * @throws FloodgateError `invalid_request` when its parts contradict each other or an opening or closing time has passed,
 *   `slug_taken`; with `creation`, `idempotency_key_reused` and `creation_in_progress`.
 */
export async function createPoll(
  deps: CreateDeps,
  input: CreatePoll,
  nowMs: number,
  creation?: CreationKey,
): Promise<Poll> {
  const earlier = creation && (await createdUnder(deps, creation, nowMs));
  if (earlier) return earlier;
  const content = contentOf(input);
  refuseContradictions(content);
  refusePassedTimes(content, nowMs);
  const secretDigest = await deps.secretForNewPolls();
  const base = (input.slug ?? generateSlug(input.question)) as Slug;
  for (let attempt = 1; attempt <= slugTriesMax; attempt++) {
    const slug = (attempt === 1 ? base : `${base}-${slugSuffix(attempt)}`) as Slug;
    try {
      const poll = { ...content, slug, key: newPollKey(), secretDigest, creation };
      return await afterCreation(deps, await insert(deps, poll, nowMs), nowMs);
    } catch (error) {
      if (creation && isStoreFailure(error, "contention")) {
        throw new FloodgateError("creation_in_progress", { cause: error });
      }
      if (!isStoreFailure(error, "duplicate")) throw error;
      const concurrent = creation && (await createdUnder(deps, creation, nowMs));
      if (concurrent) return concurrent;
      if (input.slug !== undefined) throw new FloodgateError("slug_taken", { cause: error });
    }
  }
  throw new FloodgateError("slug_taken");
}

/** The poll that was created under a key. A poll that was changed since is given back as it is now. */
async function createdUnder(
  deps: EditDeps,
  { key, digest }: CreationKey,
  nowMs: number,
): Promise<Poll | undefined> {
  const found = await findCreation(deps.store, key);
  if (!found) return undefined;
  if (found.digest !== digest) throw new FloodgateError("idempotency_key_reused");
  const poll = await findPoll(deps.store, found.slug);
  // The first attempt may have ended before it published the poll.
  return poll && publish(deps, poll, nowMs);
}

/** Inserts a poll. When COMMIT was not answered, MySQL is asked whether it is there. */
async function insert(
  deps: EditDeps,
  poll: NewPoll & Pick<Poll, "key">,
  nowMs: number,
): Promise<Poll> {
  try {
    const id = await deps.store.transaction(db => insertPoll(db, poll, nowMs));
    const { creation: _, ...saved } = poll;
    return { ...saved, id, version: 1, finalizedAtMs: null };
  } catch (error) {
    if (!isStoreFailure(error, "commit_unknown")) throw error;
    const found = await orWhenMysqlFails(findPoll(deps.store, poll.slug), () => undefined);
    if (found?.key === poll.key) return found;
    throw error;
  }
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

async function afterCreation(deps: EditDeps, poll: Poll, nowMs: number): Promise<Poll> {
  await createTally(deps.tallies, poll.key, partsOf(poll), nowMs);
  return publish(deps, poll, nowMs);
}

function generateSlug(question: string): string {
  const words = slugify(question)
    .slice(0, generatedSlugLengthMax)
    .replace(/-[^-]*$/, match => (question.length > generatedSlugLengthMax ? "" : match));
  return words.replaceAll(/^-+|-+$/g, "") || "poll";
}
