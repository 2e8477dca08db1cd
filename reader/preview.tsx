/** @jsxImportSource hono/jsx */
/** The preview of an unsaved poll, in the readers' card. */
import { wallMs } from "#lib/base/clock.ts";
import type { OptionNumber, PollId, PollKey, Slug } from "#lib/model/ids.ts";
import { optionNumberMax } from "#lib/model/ids.ts";
import type { OptionImage, Poll } from "#lib/model/poll.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import type { PageContext } from "./page-context.ts";
import { renderFragment } from "./views/document.tsx";
import { PollCard } from "./views/poll-card.tsx";

export interface PreviewInput {
  readonly question: string;
  readonly description: string;
  readonly options: readonly { readonly label: string; readonly image?: OptionImage }[];
  readonly kind: Poll["kind"];
  readonly choicesMin: number;
  readonly choicesMax: number;
  readonly closesAtMs: number | null;
}

/** The poll that the form would create, with placeholders for empty fields. */
export function previewPoll({ options, ...input }: PreviewInput): Poll {
  const unwritten = [{ label: "…" }, { label: "…" }];
  const most = options.length || 1;
  const choicesMax =
    input.kind === "choice" ? Math.max(1, Math.min(input.choicesMax || 1, most)) : most;
  return {
    id: 0 as PollId,
    key: "0" as PollKey,
    slug: "preview" as Slug,
    question: input.question || "…",
    description: input.description,
    choicesMin: Math.max(1, Math.min(input.choicesMin || 1, choicesMax)),
    choicesMax,
    opensAtMs: 0,
    closesAtMs: input.closesAtMs,
    finalizedAtMs: null,
    language: null,
    version: 1,
    ...defaultRules,
    kind: input.kind,
    options: (options.length > 0 ? options : unwritten)
      .slice(0, optionNumberMax)
      .map((option, index) => ({ ...option, number: (index + 1) as OptionNumber })),
  };
}

export function previewPage({ words, siteName, publicUrl }: PageContext, poll: Poll): string {
  return renderFragment({
    words,
    siteName,
    title: words.say("readerPoll"),
    script: poll.kind,
    children: (
      <PollCard
        words={words}
        siteName={siteName}
        publicUrl={publicUrl}
        surface="page"
        nowMs={wallMs()}
        poll={poll}
        state="open"
        results={null}
        show="vote"
        preview={true}
      />
    ),
  });
}
