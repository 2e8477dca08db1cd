"use client";

import { useActionState, useEffect, useRef, useState } from "react";
import { languages } from "#lib/base/languages.ts";
import { optionLines } from "../_data/options-of-form.ts";
import { createPollAction, type FormState } from "../actions.ts";
import { Button } from "./button.tsx";
import { TextArea, TextField } from "./field.tsx";
import { keepFields } from "./keep-fields.ts";
import { OptionImages } from "./option-images.tsx";
import {
  AfterVoteFields,
  ChangeFields,
  Choice,
  LaneFields,
  ResultsFields,
  usualRules,
} from "./rules-fields.tsx";

const questionMax = 200;
const previewPauseMs = 250;

/** The form for a new poll, with a preview rendered by the server code that readers' pages use. */
export function PollForm({ timeZone }: { timeZone: string }) {
  const [state, submit, busy] = useActionState<FormState, FormData>(createPollAction, {});
  const [question, setQuestion] = useState("");
  const [labels, setLabels] = useState<readonly string[]>([]);
  const [choices, setChoices] = useState("one");
  const form = useRef<HTMLFormElement>(null);
  const preview = usePreview(form);

  return (
    <section className="rounded border border-hair bg-card">
      <div className="border-b border-hair px-4 py-3">
        <h1 className="font-serif text-xl font-semibold">New poll</h1>
      </div>
      <div className="grid gap-6 p-4 lg:grid-cols-2">
        <form
          ref={form}
          action={submit}
          onSubmit={keepFields(submit)}
          onInput={preview}
          className="flex flex-col gap-4"
        >
          <TextField
            label="Question"
            name="question"
            required
            maxLength={questionMax}
            value={question}
            onChange={event => setQuestion(event.currentTarget.value)}
            hint={`${question.length} of ${questionMax} characters`}
            problem={state.problems?.question}
          />
          <TextArea
            label="Explanation (optional)"
            name="description"
            rows={2}
            maxLength={500}
            problem={state.problems?.description}
          />
          <TextArea
            label="Options, one per line"
            name="options"
            rows={5}
            required
            hint="2 to 50 options."
            problem={state.problems?.options}
            onChange={event => setLabels(optionLines(event.currentTarget.value))}
          />
          <OptionImages labels={labels} problems={state.problems} />
          <OrderFields />
          <Choices choices={choices} onChange={setChoices} problem={state.problems?.choicesMax} />
          <TextField
            label="Opens (optional)"
            name="opensAt"
            type="datetime-local"
            hint={`${timeZone} time. Leave empty to open the poll by hand.`}
            problem={state.problems?.opensAt}
          />
          <TextField
            label="Closes (optional)"
            name="closesAt"
            type="datetime-local"
            hint={`${timeZone} time. No votes are accepted after this time.`}
            problem={state.problems?.closesAt}
          />
          <LanguageField />
          <ResultsFields values={usualRules} timeZone={timeZone} problems={state.problems} />
          <AfterVoteFields values={usualRules} timeZone={timeZone} problems={state.problems} />
          <ChangeFields values={usualRules} />
          <LaneFields values={usualRules} />
          {state.problem && (
            <p role="alert" className="text-sm text-bad">
              {state.problem}
            </p>
          )}
          <div className="flex flex-wrap gap-3">
            <Button type="submit" name="intent" value="open" disabled={busy}>
              Open now
            </Button>
            <Button type="submit" name="intent" value="save" variant="quiet" disabled={busy}>
              Save draft
            </Button>
          </div>
        </form>
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

/** Submits the form to the preview frame, debounced. */
function usePreview(form: React.RefObject<HTMLFormElement | null>): () => void {
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return () => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      if (!form.current) return;
      const copy = document.createElement("form");
      copy.action = "/studio/preview";
      copy.method = "post";
      copy.target = "preview";
      for (const [name, value] of new FormData(form.current)) {
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
function LanguageField() {
  return (
    <label className="flex flex-col gap-1 text-sm font-semibold">
      Language of buttons and messages
      <select
        name="language"
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

function OrderFields() {
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
            className="size-5 shrink-0 accent-accent"
          />
          {label}
        </label>
      ))}
    </div>
  );
}

interface ChoicesProps {
  readonly choices: string;
  readonly onChange: (choices: string) => void;
  readonly problem: string | undefined;
}

const waysToVote = {
  one: "Choose one option",
  several: "Choose several options",
  ranked: "Rank the options (instant-runoff and points)",
  rating: "Grade each option from 1 to 5",
};

function Choices({ choices, onChange, problem }: ChoicesProps) {
  return (
    <>
      <Choice
        name="choices"
        legend="How readers vote"
        options={waysToVote}
        value={choices}
        onChange={onChange}
      />
      {choices === "several" && (
        <TextField
          label="Maximum number of options"
          name="choicesMax"
          type="number"
          min={2}
          max={50}
          defaultValue={3}
          problem={problem}
        />
      )}
    </>
  );
}
