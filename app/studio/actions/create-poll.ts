"use server";

/** The form for a new poll: saves a draft, or, when the editor confirms it, schedules or opens the poll. */
import type { Slug } from "#lib/model/ids.ts";
import { contentOf, refuseContradictions } from "#lib/polls/content.ts";
import { createPoll } from "#lib/polls/create.ts";
import { type CreationKey, creationKeyOf, digestOf } from "#lib/polls/creation-key.ts";
import { type CreatePoll, createPollSchema } from "#lib/polls/schema.ts";
import { getFront } from "#lib/web/front.ts";
import { answer, problemsOf } from "../_data/answer.ts";
import { askToOpen, askToSchedule, isConfirmed } from "../_data/asks.ts";
import type { Ask, FormState } from "../_data/form-state.ts";
import { occurrenceName } from "../_data/form-values.ts";
import { readPollForm, textOf } from "../_data/read-form.ts";

/** What the editor wants: `draft` unless the form says otherwise. */
type Intent = "draft" | "schedule" | "open";

/**
 * Creates a poll. Sent without an intent, as by Enter in a field, the form saves a draft; a draft has no opening time,
 * so the one that was typed goes back to the browser.
 */
export async function createPollAction(_state: FormState, form: FormData): Promise<FormState> {
  return answer(form, async ({ id }) => {
    const { edit, config, clock } = getFront();
    const { input, problems } = readPollForm(textOf(form), config.timeZone);
    const parsed = createPollSchema.safeParse(input);
    problemsOf(parsed.error?.issues ?? [], problems);
    if (!parsed.success || Object.keys(problems).length > 0) return { problems };
    const intent = intentOf(form);
    const nowMs = clock.nowMs();
    if (intent !== "draft") {
      const stopped = stoppedBy(form, intent, parsed.data, nowMs);
      if (stopped) return stopped;
    }
    const opensAt = openingOf(intent, parsed.data, nowMs);
    const creation = creationOf(form, id, { ...parsed.data, intent });
    const { slug, key } = await createPoll(edit, { ...parsed.data, opensAt }, nowMs, creation);
    return saved(form, intent, slug, key);
  });
}

/**
 * Sent again as it was, the form makes no second poll. What was typed belongs to the key: the same form with another
 * question, after Back, makes another poll.
 */
function creationOf(form: FormData, editorId: string, asked: object): CreationKey | undefined {
  const formKey = form.get("creationKey");
  if (typeof formKey !== "string" || formKey === "") return undefined;
  return creationKeyOf(editorId, `${formKey} ${digestOf(asked)}`, asked);
}

function intentOf(form: FormData): Intent {
  const intent = form.get("intent");
  return intent === "open" || intent === "schedule" ? intent : "draft";
}

/** What has to be corrected or confirmed before a poll is created that readers will see. */
function stoppedBy(
  form: FormData,
  intent: Exclude<Intent, "draft">,
  input: CreatePoll,
  nowMs: number,
): FormState | undefined {
  const { timeZone } = getFront().config;
  const times = { opensAtMs: input.opensAt ?? null, closesAtMs: input.closesAt ?? null };
  if (intent === "schedule" && times.opensAtMs === null) {
    return { problems: { opensAt: "Enter when the poll opens." } };
  }
  if (times.closesAtMs !== null && times.closesAtMs <= nowMs) {
    return { problems: { closesAt: "This time has passed. Enter a later one, or none." } };
  }
  refuseContradictions(contentOf(input));
  const isLater = intent === "schedule" && (times.opensAtMs ?? 0) > nowMs;
  const ask: Ask = isLater ? askToSchedule(times, timeZone) : askToOpen(times, nowMs, timeZone);
  return isConfirmed(form, ask) ? undefined : { ask };
}

function openingOf(intent: Intent, { opensAt }: CreatePoll, nowMs: number): number | null {
  if (intent === "draft") return null;
  return intent === "schedule" && opensAt && opensAt > nowMs ? opensAt : nowMs;
}

function saved(form: FormData, intent: Intent, slug: Slug, key: string): FormState {
  const goTo = `/studio/polls/${slug}`;
  if (intent === "open") return { saved: { sentence: "The poll is open.", goTo } };
  if (intent === "schedule") return { saved: { sentence: "The poll is scheduled.", goTo } };
  const names = ["opensAt", occurrenceName("opensAt")].filter(name => form.get(name));
  const values = Object.fromEntries(names.map(name => [name, String(form.get(name))]));
  if (names.length === 0) return { saved: { sentence: "The draft is saved.", goTo } };
  const sentence = "The draft is saved. It does not open by itself until you schedule it.";
  return { saved: { sentence, goTo, left: { form: "opening", key, values } } };
}
