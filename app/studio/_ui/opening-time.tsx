"use client";

import type { FormValues, PollReference } from "../_data/form-values.ts";
import { changeOpeningAction } from "../actions/change-poll.ts";
import { MomentField } from "./form/moment-field.tsx";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";

interface OpeningTimeProps {
  readonly editor: string;
  readonly poll: PollReference;
  readonly timeZone: string;
  readonly values: FormValues;
}

/** Schedules a poll, which is asked about first. Without a time, the poll is a draft. */
export function OpeningTime({ timeZone, ...form }: OpeningTimeProps) {
  return (
    <StudioForm
      {...form}
      action={changeOpeningAction}
      name="opening"
      className="max-w-md"
      buttons={<SubmitButton variant="quiet">Schedule…</SubmitButton>}
    >
      {(values, problems) => (
        <MomentField
          label="Opens"
          name="opensAt"
          timeZone={timeZone}
          values={values}
          hint="Leave empty to open the poll by hand."
          problem={problems?.opensAt}
        />
      )}
    </StudioForm>
  );
}
