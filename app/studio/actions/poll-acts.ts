"use server";

/** Acts on a poll that can't be taken back. Each is asked about first, in a sentence that says what will happen. */
import { pollState } from "#lib/model/poll-state.ts";
import { closePoll, openPoll, removePoll } from "#lib/polls/edit.ts";
import { reopenCount } from "#lib/polls/reopen.ts";
import { reopenSchema } from "#lib/polls/schema.ts";
import { readTotals } from "#lib/store/totals.ts";
import { getFront } from "#lib/web/front.ts";
import { answer, expectedBy, pollOfForm, problemsOf, slugOf } from "../_data/answer.ts";
import { askToClose, askToOpen, askToRemove, isConfirmed } from "../_data/asks.ts";
import type { FormState } from "../_data/form-state.ts";

export async function openPollAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async () => {
    const { edit, clock, config } = getFront();
    const poll = await pollOfForm(form);
    const nowMs = clock.nowMs();
    if (poll.closesAtMs !== null && poll.closesAtMs <= nowMs) {
      return { problem: "The closing time has passed. Change it before you open the poll." };
    }
    const ask = askToOpen(poll, nowMs, config.timeZone);
    if (!isConfirmed(form, ask)) return { ask };
    await openPoll(edit, poll.slug, nowMs, expectedBy(form));
    return done(form, "The poll is open.");
  });
}

export async function closePollAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async () => {
    const { edit, clock } = getFront();
    const poll = await pollOfForm(form);
    const ask = askToClose(poll, clock.nowMs());
    if (!isConfirmed(form, ask)) return { ask };
    await closePoll(edit, poll.slug, clock.nowMs(), expectedBy(form));
    return done(form, "The poll is closed.");
  });
}

export async function removePollAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async () => {
    const { edit, clock, store } = getFront();
    const poll = await pollOfForm(form);
    const state = pollState(poll, clock.nowMs());
    if (state === "open" || state === "closing") {
      return { problem: "A poll with votes can be deleted once its result is final." };
    }
    const totals = (await readTotals(store, [poll.id])).get(poll.id);
    const ask = askToRemove(poll, totals?.ballots ?? 0);
    if (!isConfirmed(form, ask)) {
      const isTyped = form.get("confirmed") === ask.consequence;
      return { ask, ...(isTyped && { problem: `Type ${ask.typeText} to delete the poll.` }) };
    }
    await removePoll(edit, poll.slug, clock.nowMs(), expectedBy(form));
    const sentence = `“${poll.question}” is deleted.`;
    return { saved: { sentence, goTo: "/studio", forget: poll.key } };
  });
}

/** The form itself says what will happen, so nothing is asked again. */
export async function reopenCountAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async ({ email }) => {
    const { edit, clock } = getFront();
    const parsed = reopenSchema.safeParse({ reason: form.get("reason") ?? "" });
    if (!parsed.success) return { problems: problemsOf(parsed.error.issues, {}) };
    const input = { ...parsed.data, by: email };
    const at = expectedBy(form);
    await reopenCount(edit, slugOf(form), input, clock.nowMs(), at);
    return done(form, "The late votes are being counted.");
  });
}

/** The poll's page says it: the button may be gone from there. */
function done(form: FormData, sentence: string): FormState {
  return { saved: { sentence, goTo: `/studio/polls/${slugOf(form)}` } };
}
