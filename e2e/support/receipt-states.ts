/** A receipt's page in each of its states, for `render-states.ts`. */
import type { Poll } from "#lib/model/poll.ts";
import type { ReceiptReport, ReceiptState } from "#lib/receipts/find-receipt.ts";
import type { PageContext } from "#reader/page-context.ts";
import { receiptPage } from "#reader/receipt-page.tsx";

/** As `lib/receipts/find-receipt.ts` reports them: a moment only where the ballot is stored under this receipt. */
const isStored: Readonly<Record<ReceiptState, boolean>> = {
  waiting: false,
  counted: true,
  final: true,
  replaced: false,
  withdrawn: true,
  duplicate: false,
  set_aside: false,
  lost: false,
  missing: false,
  gone: false,
};

export function receiptStatesOf(
  site: PageContext,
  poll: Poll,
  nowMs: number,
): Record<string, string> {
  const report = (state: ReceiptState): ReceiptReport => ({
    code: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
    poll: state === "gone" ? null : { slug: poll.slug, question: poll.question },
    state,
    receivedAtMs: isStored[state] ? nowMs - 2_000 : null,
    storedAtMs: isStored[state] ? nowMs : null,
  });
  const states = Object.keys(isStored) as ReceiptState[];
  return Object.fromEntries(
    states.map(state => [`receipt-${state.replace("_", "-")}`, receiptPage(site, report(state))]),
  );
}
