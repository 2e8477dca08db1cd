/** @jsxImportSource hono/jsx */
/** `/receipt/{code}`: the state of a ballot, in words. The page shows neither the voter nor the choices. */

import { isFloodgateError } from "#lib/base/errors.ts";
import { describeError } from "#lib/base/log.ts";
import type { ReceiptReport, ReceiptState } from "#lib/receipts/find-receipt.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import type { Front } from "#lib/web/front.ts";
import { type PageContext, pageContextOf } from "./page-context.ts";
import { htmlResponse } from "./page-response.ts";
import { messagePage } from "./render-pages.tsx";
import { renderDocument } from "./views/document.tsx";
import { pollPath } from "./views/paths.ts";
import type { WordKey, Words } from "./words/words.ts";

const noindex = { "X-Robots-Tag": "noindex" };

const sentences: Readonly<Record<ReceiptState, WordKey>> = {
  waiting: "receiptWaiting",
  counted: "receiptCounted",
  final: "receiptFinal",
  replaced: "receiptReplaced",
  withdrawn: "receiptWithdrawn",
  duplicate: "receiptDuplicate",
  set_aside: "receiptSetAside",
  lost: "receiptLost",
  missing: "receiptMissing",
  gone: "receiptGone",
};

export async function answerReceiptPage(
  front: Front,
  code: string,
  request: Request,
): Promise<Response> {
  const context = pageContextOf(front.config, request);
  try {
    const report = await front.receipts.find(code);
    const html = report
      ? receiptPage(context, report)
      : messagePage(context, "page", "receiptUnknown", "notFoundBody");
    return htmlResponse(html, { status: report ? 200 : 404, personal: true, headers: noindex });
  } catch (error) {
    if (!isStoreFailure(error) && !isFloodgateError(error, "overloaded")) throw error;
    front.log.debug({ event: "receipt_not_looked_up", ...describeError(error) });
    return htmlResponse(messagePage(context, "page", "receiptTitle", "receiptAway"), {
      status: 503,
      personal: true,
      headers: { ...noindex, "Retry-After": "5" },
    });
  }
}

export function receiptPage(context: PageContext, report: ReceiptReport): string {
  const { words, siteName } = context;
  const { poll, state, code } = report;
  const title = words.say("receiptTitle");
  return renderDocument({
    words,
    siteName,
    title: `${poll ? `${title}: ${poll.question}` : title} – ${siteName}`,
    children: (
      <article class="poll" data-receipt={state}>
        <p class="poll-eyebrow">
          <b>{title}</b>
        </p>
        <h1 class="poll-question">{poll?.question ?? title}</h1>
        <Steps words={words} report={report} />
        <p class="poll-message" data-tone={toneOf(state)}>
          {words.say(sentences[state])}
        </p>
        {poll && (
          <p class="poll-actions">
            <a href={pollPath(poll, "page", "results", context.urlLanguage)}>
              {words.say("results")}
            </a>
          </p>
        )}
        <p class="poll-fine">
          <code>{code}</code>
        </p>
        <p class="poll-fine">{words.say("receiptPrivacy")}</p>
      </article>
    ),
  });
}

function toneOf(state: ReceiptState): "good" | "warn" | "bad" {
  if (state === "counted" || state === "final" || state === "withdrawn") return "good";
  return state === "set_aside" || state === "missing" || state === "lost" ? "bad" : "warn";
}

/** The steps of a ballot, done and pending. */
function Steps({ words, report }: { words: Words; report: ReceiptReport }) {
  const { state, receivedAtMs, storedAtMs } = report;
  const stored = state === "counted" || state === "final";
  if (!stored && state !== "waiting") return null;
  return (
    <ol class="receipt-steps">
      <Step words={words} label="receiptStepReceived" done atMs={receivedAtMs} />
      <Step words={words} label="receiptStepStored" done={stored} atMs={storedAtMs} />
      <Step words={words} label="receiptStepFinal" done={state === "final"} atMs={null} />
    </ol>
  );
}

interface StepProps {
  readonly words: Words;
  readonly label: WordKey;
  readonly done: boolean;
  readonly atMs: number | null;
}

function Step({ words, label, done, atMs }: StepProps) {
  return (
    <li data-done={done ? "" : undefined}>
      <span>{words.say(label)}</span>
      <span class="receipt-when">
        {done && atMs !== null ? (
          <time datetime={new Date(atMs).toISOString()}>{words.precisely(atMs)}</time>
        ) : done ? (
          "✓"
        ) : (
          words.say("receiptPending")
        )}
      </span>
    </li>
  );
}
