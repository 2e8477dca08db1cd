/** A poll, as it is stored, published and passed around. Pure. */
import type { Language } from "../base/languages.ts";
import type { OptionNumber, PollId, PollKey, Slug, TallyPart } from "./ids.ts";
import type { PollRules } from "./poll-rules.ts";

/** An option's image: an https address or a path on this site, and a description of what it shows. */
export interface OptionImage {
  readonly url: string;
  readonly alt: string;
}

export interface PollOption {
  readonly number: OptionNumber;
  readonly label: string;
  readonly image?: OptionImage;
  /** Keeps its place at the end when the order is random. */
  readonly pinned?: boolean;
}

/** The numbers of a final poll, which never move again unless its count is reopened. */
export interface FinalTotals {
  readonly ballots: number;
  readonly votes: readonly (readonly [TallyPart, number])[];
}

/** One time that a final poll's count was reopened, to count ballots that had come too late. */
export interface Reopening {
  readonly reopenedAtMs: number;
  /** In public. */
  readonly reason: string;
  readonly ballotsBefore: number;
  /** `null`, like `finalAtMs`: it is still being counted. */
  readonly ballotsAfter: number | null;
  readonly finalAtMs: number | null;
}

/** A poll as it is stored, published and passed around. Times are milliseconds since 1970, UTC. */
export interface Poll extends PollRules {
  readonly id: PollId;
  readonly key: PollKey;
  readonly slug: Slug;
  readonly question: string;
  readonly description: string;
  readonly choicesMin: number;
  readonly choicesMax: number;
  /** `null`: a draft. */
  readonly opensAtMs: number | null;
  /** `null`: open until an editor closes it. */
  readonly closesAtMs: number | null;
  /** Set when every ballot has been counted. */
  readonly finalizedAtMs: number | null;
  /** Language of buttons and texts; `null`: the one that each reader's browser asks for. */
  readonly language: Language | null;
  /** Incremented by each edit. */
  readonly version: number;
  /** Names the secret that the poll's voter keys are made with (`voters/voter-secrets.ts`); absent: the oldest known. */
  readonly secretDigest?: string;
  /** In the order of the page. */
  readonly options: readonly PollOption[];
  /** Final polls, where their numbers are needed. */
  readonly finalTotals?: FinalTotals;
  /** Oldest first; absent: there are none, or they are not needed. */
  readonly reopenings?: readonly Reopening[];
}

/** What an editor decides about a poll. */
export type PollContent = Omit<
  Poll,
  "id" | "key" | "version" | "secretDigest" | "finalizedAtMs" | "finalTotals" | "reopenings"
>;
