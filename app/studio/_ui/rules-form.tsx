"use client";

import type { FormValues, PollReference } from "../_data/form-values.ts";
import { changeRulesAction } from "../actions/change-poll.ts";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";
import {
  AfterVoteFields,
  ChangeFields,
  LaneFields,
  ListedFields,
  ResultsFields,
} from "./rules-fields.tsx";

interface RulesFormProps {
  readonly editor: string;
  readonly poll: PollReference;
  readonly timeZone: string;
  readonly values: FormValues;
}

/** The rules that can be changed at any time. */
export function RulesForm({ timeZone, ...form }: RulesFormProps) {
  return (
    <StudioForm
      {...form}
      action={changeRulesAction}
      name="rules"
      buttons={<SubmitButton variant="quiet">Save rules</SubmitButton>}
    >
      {(values, problems) => (
        <>
          <ResultsFields values={values} timeZone={timeZone} problems={problems} />
          <AfterVoteFields values={values} timeZone={timeZone} problems={problems} />
          <ChangeFields values={values} />
          <ListedFields values={values} />
          <LaneFields values={values} />
        </>
      )}
    </StudioForm>
  );
}
