/** What a studio action answers to the form that was sent. For browser and server. */
import type { FormValues } from "./form-values.ts";

/** An act that can't be taken back: what will happen, in words that the editor has to confirm. */
export interface Ask {
  readonly title: string;
  /** Sent back as `confirmed`. When the sentence would be another by then, the editor is asked again. */
  readonly consequence: string;
  readonly label: string;
  readonly isDanger?: boolean;
  /** The editor has to type this text, too. */
  readonly typeText?: string;
}

/** The poll was changed after the form was made from it. */
export interface Conflict {
  readonly version: number;
  /** What is saved now: the fields of every form. */
  readonly values: FormValues;
  /** "Sun 22 Nov 2026, 20:00 CET" */
  readonly savedAt: string;
  /** "Open, closes …" */
  readonly state: string;
}

export interface FormState {
  /** Errors by field. */
  readonly problems?: Readonly<Record<string, string>>;
  /** The error of the whole form. Nothing was saved, unless it says otherwise. */
  readonly problem?: string;
  readonly ask?: Ask;
  readonly conflict?: Conflict;
  readonly isSignedOut?: boolean;
  readonly saved?: {
    /** "The rules are saved." */
    readonly sentence: string;
    /** The page that shows it; absent: the same page. */
    readonly goTo?: string;
    /** The poll's version now. */
    readonly version?: number;
    /** The key of a poll that is gone: what was typed in its forms is of no use. */
    readonly forget?: string;
    /** What was typed and not saved, and the form that it belongs to. */
    readonly left?: { readonly form: string; readonly key: string; readonly values: FormValues };
  };
}

export type StudioAction = (state: FormState, form: FormData) => Promise<FormState>;
