/** @jsxImportSource hono/jsx */
/** A poll that does not exist yet, in the real card. */
import { wallMs } from "#lib/clock.ts";
import type { OptionNumber, PollId, Slug } from "#lib/ids.ts";
import { optionNumberMax } from "#lib/ids.ts";
import { defaultRules } from "#lib/store/poll-rules.ts";
import type { Poll } from "#lib/store/polls.ts";
import type { Site } from "./pages.tsx";
import { renderFragment } from "./views/document.tsx";
import { PollCard } from "./views/poll-card.tsx";

export interface PreviewInput {
  readonly question: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly kind: Poll["kind"];
  readonly choicesMax: number;
  readonly closesAtMs: number | null;
}

export function previewPage({ words, siteName }: Site, input: PreviewInput): string {
  const labels = input.labels.map(label => label.trim()).filter(label => label.length > 0);
  const poll: Poll = {
    id: 0 as PollId,
    slug: "preview" as Slug,
    question: input.question || "…",
    description: input.description,
    choicesMin: 1,
    choicesMax: Math.max(1, Math.min(input.choicesMax || 1, labels.length || 1)),
    opensAtMs: 0,
    closesAtMs: input.closesAtMs,
    finalizedAtMs: null,
    language: null,
    version: 1,
    ...defaultRules,
    kind: input.kind,
    options: (labels.length > 0 ? labels : ["…", "…"])
      .slice(0, optionNumberMax)
      .map((label, index) => ({ number: (index + 1) as OptionNumber, label })),
  };
  return renderFragment({
    words,
    siteName,
    title: words.say("readerPoll"),
    children: (
      <PollCard
        words={words}
        siteName={siteName}
        place="page"
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
