/** A poll, as it is stored, published and passed around. Pure. */
import type { Language } from "../base/languages.ts";
import type { OptionNumber, PollId, Slug } from "./ids.ts";
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

/** A poll as it is stored, published and passed around. Times are milliseconds since 1970, UTC. */
export interface Poll extends PollRules {
  readonly id: PollId;
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
  /** In the order of the page. */
  readonly options: readonly PollOption[];
}

/** What an editor decides about a poll. */
export type PollContent = Omit<Poll, "id" | "version" | "finalizedAtMs">;
