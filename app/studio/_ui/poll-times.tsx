"use client";

import type { StudioAction } from "../_data/form-state.ts";
import type { FormValues, PollReference } from "../_data/form-values.ts";
import { changeClosingAction, changeOpeningAction } from "../actions/change-poll.ts";
import { MomentField } from "./form/moment-field.tsx";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";

interface PollTimeProps {
  readonly editor: string;
  readonly poll: PollReference;
  readonly timeZone: string;
  readonly values: FormValues;
}

export function ClosingTime(props: PollTimeProps) {
  return (
    <TimeForm
      {...props}
      action={changeClosingAction}
      name="closing"
      field="closesAt"
      label="Closes"
      hint="Leave empty to close the poll by hand."
      button="Save closing time"
    />
  );
}

/** Schedules a poll, which is asked about first. Without a time, the poll is a draft. */
export function OpeningTime(props: PollTimeProps) {
  return (
    <TimeForm
      {...props}
      action={changeOpeningAction}
      name="opening"
      field="opensAt"
      label="Opens"
      hint="Leave empty to open the poll by hand."
      button="Schedule…"
    />
  );
}

interface TimeFormProps extends PollTimeProps {
  readonly action: StudioAction;
  readonly name: string;
  readonly field: "closesAt" | "opensAt";
  readonly label: string;
  readonly hint: string;
  readonly button: string;
}

/** A form with one moment, for a poll that is there. */
function TimeForm({ timeZone, field, label, hint, button, ...form }: TimeFormProps) {
  return (
    <StudioForm
      {...form}
      className="max-w-md"
      buttons={<SubmitButton variant="quiet">{button}</SubmitButton>}
    >
      {(values, problems) => (
        <MomentField
          label={label}
          name={field}
          timeZone={timeZone}
          values={values}
          hint={hint}
          problem={problems?.[field]}
        />
      )}
    </StudioForm>
  );
}
