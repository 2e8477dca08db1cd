"use client";

/**
 * The rules of a poll that most editors leave as they are: each group is one line that says what holds now,
 * and opens when it is wanted.
 */
import { useState } from "react";
import { TextArea, TextField } from "./field.tsx";

/** The rules as a form has them; times in the newsroom's zone. */
export interface RulesValues {
  readonly resultsTo: string;
  readonly resultsFrom: string;
  readonly resultsAs: string;
  readonly afterVote: string;
  readonly afterVoteText: string;
  readonly afterVoteLink: string;
  readonly lane: string;
  readonly mayChange: boolean;
}

export const usualRules: RulesValues = {
  resultsTo: "everyone",
  resultsFrom: "",
  resultsAs: "both",
  afterVote: "results",
  afterVoteText: "",
  afterVoteLink: "",
  lane: "normal",
  mayChange: false,
};

interface RulesProps {
  readonly values: RulesValues;
  readonly timeZone: string;
  readonly problems?: Readonly<Record<string, string>> | undefined;
}

const resultsTo = {
  everyone: "Everyone, without voting too",
  voters: "Readers who have voted; everyone once it is closed",
  after_close: "Everyone, once it is closed",
  from_date: "Everyone, from a date on",
  staff: "Editors only",
  nobody: "Nobody, editors included",
};

const resultsAs = {
  both: "percentages and counts",
  percentages: "percentages only",
  counts: "counts only",
};

const afterVote = {
  results: "The results, or why there are none yet",
  thanks: "A thank you",
  text: "A text of yours",
  link: "A link",
};

const mayChange = {
  no: "No: the first vote counts",
  yes: "Yes, and withdraw it, while the poll is open",
};

const lane = {
  high: "Go first",
  normal: "Take their turn",
  low: "Let the others pass",
};

export function ResultsFields({ values, timeZone, problems }: RulesProps) {
  const [to, setTo] = useState(values.resultsTo);
  const [as, setAs] = useState(values.resultsAs);
  const said = resultsTo[to as keyof typeof resultsTo];
  return (
    <Group title="Who sees results" now={said} open={problems?.resultsFrom !== undefined}>
      <Choice
        name="resultsTo"
        legend="Results are shown to"
        options={resultsTo}
        value={to}
        onChange={setTo}
      />
      {to === "from_date" && (
        <TextField
          label="From"
          name="resultsFrom"
          type="datetime-local"
          defaultValue={values.resultsFrom}
          hint={`Time of ${timeZone}.`}
          problem={problems?.resultsFrom}
        />
      )}
      <Choice
        name="resultsAs"
        legend="Readers are told"
        options={resultsAs}
        value={as}
        onChange={setAs}
      />
    </Group>
  );
}

export function AfterVoteFields({ values, problems }: RulesProps) {
  const [after, setAfter] = useState(values.afterVote);
  const problem = problems?.afterVoteText ?? problems?.afterVoteLink;
  return (
    <Group
      title="After the vote"
      now={afterVote[after as keyof typeof afterVote]}
      open={problem !== undefined}
    >
      <Choice
        name="afterVote"
        legend="Who has voted sees"
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
            label="Address"
            name="afterVoteLink"
            type="url"
            placeholder="https://"
            defaultValue={values.afterVoteLink}
            hint="https only."
            problem={problems?.afterVoteLink}
          />
          <TextField
            label="Words of the link (optional)"
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
      title="Changing a vote"
      name="mayChange"
      legend="Readers may change their vote"
      options={mayChange}
      first={values.mayChange ? "yes" : "no"}
    />
  );
}

export function LaneFields({ values }: Pick<RulesProps, "values">) {
  return (
    <OneChoice
      title="When too many vote at once"
      name="lane"
      legend="This poll's votes"
      options={lane}
      first={values.lane}
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

/** A group of a single choice, which its title line tells while it is folded. */
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
  /** What holds now, in a few words. */
  readonly now: string;
  /** There is something in it to put right. */
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

/** A few radio buttons. */
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
