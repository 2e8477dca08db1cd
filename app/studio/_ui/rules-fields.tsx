"use client";

/**
 * The rules of a poll that most editors leave at their defaults. Each group is folded to one line with its
 * current value.
 */
import { useState } from "react";
import type { FormValues } from "../_data/form-values.ts";
import { afterVote, lane, listed, mayChange, resultsAs, resultsTo } from "../_data/words.ts";
import { TextArea, TextField } from "./field.tsx";
import { MomentField } from "./form/moment-field.tsx";

/** The rules of a new poll. */
export const usualRules: FormValues = {
  resultsTo: "everyone",
  resultsFrom: "",
  resultsAs: "both",
  afterVote: "results",
  afterVoteText: "",
  afterVoteLink: "",
  lane: "normal",
  mayChange: "no",
  listed: "yes",
};

interface RulesProps {
  readonly values: FormValues;
  readonly timeZone: string;
  readonly problems?: Readonly<Record<string, string>> | undefined;
}

export function ResultsFields({ values, timeZone, problems }: RulesProps) {
  const [to, setTo] = useState(values.resultsTo ?? "");
  const [as, setAs] = useState(values.resultsAs ?? "");
  const audience = resultsTo[to as keyof typeof resultsTo];
  return (
    <Group title="Who sees the results" now={audience} open={problems?.resultsFrom !== undefined}>
      <Choice
        name="resultsTo"
        legend="Show the results to"
        options={resultsTo}
        value={to}
        onChange={setTo}
      />
      {to === "from_date" && (
        <MomentField
          label="Show the results from"
          name="resultsFrom"
          timeZone={timeZone}
          values={values}
          problem={problems?.resultsFrom}
        />
      )}
      <Choice
        name="resultsAs"
        legend="Show the results as"
        options={resultsAs}
        value={as}
        onChange={setAs}
      />
    </Group>
  );
}

export function AfterVoteFields({ values, problems }: RulesProps) {
  const [after, setAfter] = useState(values.afterVote ?? "");
  const problem = problems?.afterVoteText ?? problems?.afterVoteLink;
  return (
    <Group
      title="After voting"
      now={afterVote[after as keyof typeof afterVote]}
      open={problem !== undefined}
    >
      <Choice
        name="afterVote"
        legend="Readers who have voted see"
        options={afterVote}
        value={after}
        onChange={setAfter}
      />
      {after === "text" && (
        <TextArea
          label="Text"
          name="afterVoteText"
          rows={3}
          maxLength={500}
          defaultValue={values.afterVoteText}
          problem={problems?.afterVoteText}
        />
      )}
      {after === "link" && (
        <>
          <TextField
            label="Link address"
            name="afterVoteLink"
            type="url"
            placeholder="https://"
            defaultValue={values.afterVoteLink}
            hint="Must start with https://."
            problem={problems?.afterVoteLink}
          />
          <TextField
            label="Link text (optional)"
            name="afterVoteText"
            maxLength={500}
            defaultValue={values.afterVoteText}
            problem={problems?.afterVoteText}
          />
        </>
      )}
    </Group>
  );
}

export function ChangeFields({ values }: Pick<RulesProps, "values">) {
  return (
    <OneChoice
      title="Vote changes"
      name="mayChange"
      legend="Readers may change their vote"
      options={mayChange}
      first={values.mayChange ?? ""}
    />
  );
}

export function ListedFields({ values }: Pick<RulesProps, "values">) {
  return (
    <OneChoice
      title="Public list"
      name="listed"
      legend="Readers find the poll"
      options={listed}
      first={values.listed ?? ""}
    />
  );
}

export function LaneFields({ values }: Pick<RulesProps, "values">) {
  return (
    <OneChoice
      title="Priority when too many vote at once"
      name="lane"
      legend="Accept this poll’s votes"
      options={lane}
      first={values.lane ?? ""}
    />
  );
}

interface OneChoiceProps {
  readonly title: string;
  readonly name: string;
  readonly legend: string;
  readonly options: Readonly<Record<string, string>>;
  readonly first: string;
}

/** A group with a single choice. */
function OneChoice({ title, name, legend, options, first }: OneChoiceProps) {
  const [value, setValue] = useState(first);
  return (
    <Group title={title} now={options[value] ?? ""} open={false}>
      <Choice name={name} legend={legend} options={options} value={value} onChange={setValue} />
    </Group>
  );
}

interface GroupProps {
  readonly title: string;
  /** The current value, in a few words. */
  readonly now: string;
  /** The group has an error to correct. */
  readonly open: boolean;
  readonly children: React.ReactNode;
}

export function Group({ title, now, open, children }: GroupProps) {
  return (
    <details className="border-t border-hair pt-2" open={open || undefined}>
      <summary className="flex min-h-11 cursor-pointer flex-wrap items-center gap-x-3">
        <span className="text-sm font-semibold">{title}</span>
        <span className="grow text-sm text-soft">{now}</span>
        <span className="text-sm text-accent underline underline-offset-4">Change</span>
      </summary>
      <div className="flex flex-col gap-4 py-2">{children}</div>
    </details>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly legend: string;
  readonly options: Readonly<Record<string, string>>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A group of radio buttons. */
export function Choice({ name, legend, options, value, onChange }: ChoiceProps) {
  return (
    <fieldset className="flex flex-col">
      <legend className="text-sm font-semibold">{legend}</legend>
      {Object.entries(options).map(([option, label]) => (
        <label key={option} className="flex min-h-11 items-center gap-2">
          <input
            type="radio"
            name={name}
            value={option}
            checked={value === option}
            onChange={() => onChange(option)}
            className="size-5 shrink-0 accent-accent"
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
