"use client";

import type { FormValues, PollReference } from "../_data/form-values.ts";
import { changeClosingAction } from "../actions/change-poll.ts";
import { MomentField } from "./form/moment-field.tsx";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";

interface TimeFormProps {
  readonly editor: string;
  readonly poll: PollReference;
  readonly timeZone: string;
  readonly values: FormValues;
}

export function ClosingTime({ timeZone, ...form }: TimeFormProps) {
  return (
    <StudioForm
      {...form}
      action={changeClosingAction}
      name="closing"
      className="max-w-md"
      buttons={<SubmitButton variant="quiet">Save closing time</SubmitButton>}
    >
      {(values, problems) => (
        <MomentField
          label="Closes"
          name="closesAt"
          timeZone={timeZone}
          values={values}
          hint="Leave empty to close the poll by hand."
          problem={problems?.closesAt}
        />
      )}
    </StudioForm>
  );
}
