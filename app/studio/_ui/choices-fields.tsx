"use client";

import { useState } from "react";
import type { FormState } from "../_data/form-state.ts";
import type { FormValues } from "../_data/form-values.ts";
import { waysToVote } from "../_data/words.ts";
import { TextField } from "./field.tsx";
import { Choice } from "./rules-fields.tsx";

const minimumLabels: Readonly<Record<string, string>> = {
  several: "Minimum number of options",
  ranked: "Minimum number of options to rank",
  rating: "Minimum number of options to grade",
};

interface ChoicesFieldsProps {
  readonly values: FormValues;
  readonly problems: FormState["problems"];
}

/** How readers vote, and how many options they have to choose, rank or grade. */
export function ChoicesFields({ values, problems }: ChoicesFieldsProps) {
  const [choices, setChoices] = useState(values.choices ?? "one");
  const minimum = minimumLabels[choices];
  return (
    <>
      <Choice
        name="choices"
        legend="How readers vote"
        options={waysToVote}
        value={choices}
        onChange={setChoices}
      />
      {minimum && (
        <TextField
          key={choices}
          label={minimum}
          name="choicesMin"
          type="number"
          min={1}
          max={50}
          defaultValue={values.choicesMin}
          problem={problems?.choicesMin}
        />
      )}
      {choices === "several" && (
        <TextField
          label="Maximum number of options"
          name="choicesMax"
          type="number"
          min={2}
          max={50}
          defaultValue={values.choicesMax}
          problem={problems?.choicesMax}
        />
      )}
    </>
  );
}
