"use server";

/** Changes of a poll that is saved: its text, its opening and closing times, its rules. Each names what it changes. */
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { mergedWith } from "#lib/polls/content.ts";
import { changePoll } from "#lib/polls/edit.ts";
import { type UpdatePoll, updatePollSchema } from "#lib/polls/schema.ts";
import { getFront } from "#lib/web/front.ts";
import { answer, expectedBy, pollOfForm, problemsOf, slugOf } from "../_data/answer.ts";
import { askToOpen, askToSchedule, askToShow, isConfirmed } from "../_data/asks.ts";
import type { Ask, FormState } from "../_data/form-state.ts";
import { keepPinned, ofGroups, readMoment, readPollForm, textOf } from "../_data/read-form.ts";

const wordingGroups = [
  "question",
  "description",
  "options",
  "optionOrder",
  "choices",
  "language",
  "closesAt",
];
const ruleGroups = [
  "resultsTo",
  "resultsFrom",
  "resultsAs",
  "afterVote",
  "afterVoteText",
  "afterVoteLink",
  "lane",
  "mayChange",
  "listed",
];

/** Changes a draft or a scheduled poll. Whether and when it opens stays as it is. */
export async function changeWordingAction(_state: FormState, form: FormData): Promise<FormState> {
  return changeGroups(form, [...wordingGroups, ...ruleGroups], {
    sentence: "The changes are saved.",
    goTo: pageOf(form),
  });
}

export async function changeRulesAction(_state: FormState, form: FormData): Promise<FormState> {
  return changeGroups(form, ruleGroups, { sentence: "The rules are saved." });
}

export async function changeClosingAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async () => {
    const { config, clock } = getFront();
    const poll = await pollOfForm(form);
    const moment = readMoment(textOf(form), "closesAt", config.timeZone);
    if ("problem" in moment) return { problems: { closesAt: moment.problem } };
    const { ms } = moment;
    if (ms === poll.closesAtMs) return nothingToSave(poll);
    if (ms !== null && ms <= clock.nowMs()) {
      const problem =
        pollState(poll, clock.nowMs()) === "open"
          ? "This time has passed. To close the poll now, use “Close now”."
          : "This time has passed. Enter a later one, or none.";
      return { problems: { closesAt: problem } };
    }
    return change(form, { closesAt: ms }, "The closing time is saved.");
  });
}

/** Schedules a poll, once that is confirmed; without a time, a scheduled poll is a draft again. */
export async function changeOpeningAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async () => {
    const { config, clock } = getFront();
    const poll = await pollOfForm(form);
    const moment = readMoment(textOf(form), "opensAt", config.timeZone);
    if ("problem" in moment) return { problems: { opensAt: moment.problem } };
    const { ms } = moment;
    if (ms === poll.opensAtMs) return nothingToSave(poll);
    if (ms === null) {
      const sentence = "The poll is a draft. It does not open by itself.";
      return change(form, { opensAt: null }, sentence, pageOf(form));
    }
    const nowMs = clock.nowMs();
    if (poll.closesAtMs !== null && poll.closesAtMs <= nowMs) {
      return { problem: "The closing time has passed. Change it before you schedule the poll." };
    }
    const times = { opensAtMs: ms, closesAtMs: poll.closesAtMs };
    const isLater = ms > nowMs;
    const ask: Ask = isLater
      ? askToSchedule(times, config.timeZone)
      : askToOpen(times, nowMs, config.timeZone);
    if (!isConfirmed(form, ask)) return { ask };
    const sentence = isLater ? "The poll is scheduled." : "The poll is open.";
    return change(form, { opensAt: isLater ? ms : nowMs }, sentence, pageOf(form));
  });
}

const pageOf = (form: FormData) => `/studio/polls/${slugOf(form)}`;

interface Saved {
  readonly sentence: string;
  readonly goTo?: string;
}

/** Changes those of `groups` that the form says were changed; without the studio's script, all of them. */
async function changeGroups(
  form: FormData,
  groups: readonly string[],
  saved: Saved,
): Promise<FormState> {
  return answer(form, async () => {
    const { config, clock } = getFront();
    const poll = await pollOfForm(form);
    const { input, problems } = readPollForm(textOf(form), config.timeZone);
    const named = form.get("changed");
    const changed = named === null ? groups : String(named).split(" ");
    const wanted = groups.filter(group => changed.includes(group));
    if (wanted.length === 0) return nothingToSave(poll, saved.goTo);
    const parsed = updatePollSchema.safeParse(ofGroups(input, wanted));
    const wrong = ofGroups(problemsOf(parsed.error?.issues ?? [], problems), [
      ...wanted,
      ...Object.keys(problems).filter(name => name.startsWith("image")),
    ]) as Record<string, string>;
    if (!parsed.success || Object.keys(wrong).length > 0) return { problems: wrong };
    const update = keepPinned(parsed.data, poll);
    const nowMs = clock.nowMs();
    const ask = askToShow(poll, mergedAs(poll, update), nowMs);
    if (ask && !isConfirmed(form, ask)) return { ask };
    return change(form, update, saved.sentence, saved.goTo);
  });
}

const mergedAs = (poll: Poll, update: UpdatePoll) => ({
  ...mergedWith(poll, update),
  finalizedAtMs: poll.finalizedAtMs,
});

function nothingToSave({ version }: Poll, goTo?: string): FormState {
  return {
    saved: {
      sentence: "Nothing was changed, so nothing was saved.",
      version,
      ...(goTo && { goTo }),
    },
  };
}

async function change(
  form: FormData,
  update: UpdatePoll,
  sentence: string,
  goTo?: string,
): Promise<FormState> {
  const { edit, clock } = getFront();
  const poll = await changePoll(edit, slugOf(form), update, clock.nowMs(), expectedBy(form));
  return { saved: { sentence, version: poll.version, ...(goTo && { goTo }) } };
}
