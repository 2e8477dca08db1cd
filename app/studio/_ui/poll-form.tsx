"use client";

import { useEffect, useRef, useState } from "react";
import { languages } from "#lib/base/languages.ts";
import type { FormState, StudioAction } from "../_data/form-state.ts";
import type { FormValues, PollReference } from "../_data/form-values.ts";
import { optionLines } from "../_data/options-of-form.ts";
import { changeWordingAction } from "../actions/change-poll.ts";
import { createPollAction } from "../actions/create-poll.ts";
import { ChoicesFields } from "./choices-fields.tsx";
import { TextArea, TextField } from "./field.tsx";
import { MomentField } from "./form/moment-field.tsx";
import { IntentButton, StudioForm, SubmitButton } from "./form/studio-form.tsx";
import { OptionImages } from "./option-images.tsx";
import {
  AfterVoteFields,
  ChangeFields,
  LaneFields,
  ListedFields,
  ResultsFields,
  usualRules,
} from "./rules-fields.tsx";

const questionMax = 200;
const previewPauseMs = 250;
const newPoll: FormValues = { ...usualRules, choices: "one", choicesMin: "1", choicesMax: "3" };

interface PollFormProps {
  readonly title: string;
  readonly editor: string;
  readonly timeZone: string;
}

/** The form for a new poll. Its default saves a draft; opening and scheduling are asked about. */
export function NewPollForm({
  creationKey,
  ...props
}: PollFormProps & { readonly creationKey: string }) {
  return (
    <PollForm
      {...props}
      action={createPollAction}
      name="new"
      values={{ ...newPoll, creationKey }}
      mayOpen
      buttons={
        <>
          <SubmitButton>Save draft</SubmitButton>
          <IntentButton intent="schedule">Schedule…</IntentButton>
          <IntentButton intent="open">Open now…</IntentButton>
        </>
      }
    />
  );
}

/** The form for a draft or a scheduled poll. It does not change whether and when the poll opens. */
export function EditPollForm(
  props: PollFormProps & { readonly poll: PollReference; readonly values: FormValues },
) {
  return (
    <PollForm
      {...props}
      action={changeWordingAction}
      name="edit"
      mayOpen={false}
      buttons={<SubmitButton>Save changes</SubmitButton>}
    />
  );
}

interface AnyPollFormProps extends PollFormProps {
  readonly action: StudioAction;
  readonly name: string;
  readonly poll?: PollReference;
  readonly values: FormValues;
  /** The form has an opening time. */
  readonly mayOpen: boolean;
  readonly buttons: React.ReactNode;
}

/** A poll's form, with a preview rendered by the server code that readers' pages use. */
function PollForm({ title, timeZone, mayOpen, ...form }: AnyPollFormProps) {
  const preview = usePreview();
  return (
    <section className="rounded border border-hair bg-card">
      <div className="border-b border-hair px-4 py-3">
        <h1 className="font-serif text-xl font-semibold">{title}</h1>
      </div>
      <div className="grid gap-6 p-4 lg:grid-cols-2">
        <StudioForm {...form} onText={preview}>
          {(values, problems) => (
            <PollFields values={values} problems={problems} timeZone={timeZone} mayOpen={mayOpen} />
          )}
        </StudioForm>
        <div className="self-start lg:sticky lg:top-4">
          <h2 className="mb-2 text-xs font-semibold tracking-wider text-soft uppercase">Preview</h2>
          <iframe
            name="preview"
            title="Preview of the poll"
            src="/studio/preview"
            className="h-[32rem] w-full rounded border border-hair bg-paper"
          />
        </div>
      </div>
    </section>
  );
}

interface PollFieldsProps {
  readonly values: FormValues;
  readonly problems: FormState["problems"];
  readonly timeZone: string;
  readonly mayOpen: boolean;
}

function PollFields({ values, problems, timeZone, mayOpen }: PollFieldsProps) {
  const [question, setQuestion] = useState(values.question ?? "");
  const [labels, setLabels] = useState<readonly string[]>(optionLines(values.options ?? ""));
  const rules = { values, timeZone, problems };
  return (
    <>
      {values.creationKey && (
        <input type="hidden" name="creationKey" value={values.creationKey} readOnly />
      )}
      <TextField
        label="Question"
        name="question"
        required
        maxLength={questionMax}
        value={question}
        onChange={event => setQuestion(event.currentTarget.value)}
        hint={`${question.length} of ${questionMax} characters`}
        problem={problems?.question}
      />
      <TextArea
        label="Explanation (optional)"
        name="description"
        rows={2}
        maxLength={500}
        defaultValue={values.description}
        problem={problems?.description}
      />
      <TextArea
        label="Options, one per line"
        name="options"
        rows={5}
        required
        hint="2 to 50 options."
        defaultValue={values.options}
        problem={problems?.options}
        onChange={event => setLabels(optionLines(event.currentTarget.value))}
      />
      <OptionImages labels={labels} values={values} problems={problems} />
      <OrderFields values={values} />
      <ChoicesFields values={values} problems={problems} />
      {mayOpen && (
        <MomentField
          label="Opens (optional)"
          name="opensAt"
          timeZone={timeZone}
          values={values}
          hint="For “Schedule…”. Leave empty to open the poll by hand."
          problem={problems?.opensAt}
        />
      )}
      <MomentField
        label="Closes (optional)"
        name="closesAt"
        timeZone={timeZone}
        values={values}
        hint="No votes are accepted after this time."
        problem={problems?.closesAt}
      />
      <LanguageField values={values} />
      <ResultsFields {...rules} />
      <AfterVoteFields {...rules} />
      <ChangeFields values={values} />
      <ListedFields values={values} />
      <LaneFields values={values} />
    </>
  );
}

/** Submits the form to the preview frame, debounced. */
function usePreview(): (form: HTMLFormElement) => void {
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return form => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      const copy = document.createElement("form");
      copy.action = "/studio/preview";
      copy.method = "post";
      copy.target = "preview";
      for (const [name, value] of new FormData(form)) {
        const input = document.createElement("input");
        input.type = "hidden";
        input.name = name;
        input.value = String(value);
        copy.append(input);
      }
      document.body.append(copy);
      copy.submit();
      copy.remove();
    }, previewPauseMs);
  };
}

/** The language of the card's own texts: buttons, messages, counts. */
function LanguageField({ values }: { values: FormValues }) {
  return (
    <label className="flex flex-col gap-1 text-sm font-semibold">
      Language of buttons and messages
      <select
        name="language"
        defaultValue={values.language}
        className="min-h-11 w-full rounded-[3px] border border-mark bg-paper px-3 text-base font-normal text-ink"
      >
        <option value="">Each reader’s browser language</option>
        {languages.map(language => (
          <option key={language} value={language} lang={language}>
            {new Intl.DisplayNames(language, { type: "language" }).of(language)}
          </option>
        ))}
      </select>
    </label>
  );
}

function OrderFields({ values }: { values: FormValues }) {
  const fields = {
    optionOrder: ["random", "Show the options in random order"],
    pinLast: ["yes", "Always show the last option last (for example “None of these”)"],
  } as const;
  return (
    <div>
      {Object.entries(fields).map(([name, [value, label]]) => (
        <label key={name} className="flex min-h-11 items-center gap-2">
          <input
            type="checkbox"
            name={name}
            value={value}
            defaultChecked={values[name] === value}
            className="size-5 shrink-0 accent-accent"
          />
          {label}
        </label>
      ))}
    </div>
  );
}
