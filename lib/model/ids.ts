/**
 * The product's identifiers as branded types, so that a poll id is never passed as a slot number.
 *
 * A value gets its brand only where it enters (a decoded row, a parsed request, a key read from memcached).
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/**
 * MySQL's number of a poll; 1 … 2^32-1. Never shown to readers: they see the slug. After MySQL has gone back to an
 * earlier state, another poll may get the same number: only the poll key tells them apart.
 */
export type PollId = Branded<number, "PollId">;

/**
 * What a poll is known by outside MySQL: a number that no other poll ever has, in decimal. 64 random bits, 2^32 or
 * more; of a poll that was made by release 0.2.0, its id (`poll-key.ts`).
 */
export type PollKey = Branded<string, "PollKey">;

/** A poll's name in URLs: 1 … 80 of [a-z0-9-]. */
export type Slug = Branded<string, "Slug">;

/** An option's number within its poll; 1 … 50, never reused. In JSON it is a decimal string. */
export type OptionNumber = Branded<number, "OptionNumber">;

/** A counter of a poll's tally: a measure of an option (`model/tally-parts.ts`). */
export type TallyPart = Branded<number, "TallyPart">;

/**
 * A UUID the client chose (or the front, when it chose none): idempotency key within one voter. Here its 32 hex
 * digits, in lower case; clients see it with dashes (`ballot-id.ts`).
 */
export type BallotId = Branded<string, "BallotId">;

/** 16 bytes, as 32 hex digits: HMAC of one identity for one poll. A person has another key in each poll. */
export type VoterKey = Branded<string, "VoterKey">;

/** `{lane}.{home}`, for example `normal.0`. One queue of that name may live on each server. */
export type QueueName = Branded<string, "QueueName">;

/** The time from one start of a queue's memory on one memcached server to its loss, as 12 random hex digits. */
export type Epoch = Branded<string, "Epoch">;

/** A slot's number within its queue and epoch; from 1, never reused within the epoch. */
export type SlotNumber = Branded<number, "SlotNumber">;

/** Bytes at the beginning of a batch id that identify one run of a front. */
export const producerBytes = 8;

/** 12 bytes: the producer that made the batch (8, random for each process) and its serial (4). */
export type BatchId = Branded<Buffer, "BatchId">;

export const optionNumberMax = 50;
