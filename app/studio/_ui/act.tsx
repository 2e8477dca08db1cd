"use client";

import type { StudioAction } from "../_data/form-state.ts";
import type { FormValues, PollReference } from "../_data/form-values.ts";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";

interface ActProps {
  readonly editor: string;
  readonly poll: PollReference;
  /** What the editor sees of the poll: compared with what is saved before anything is done. */
  readonly values: FormValues;
  /** Ends with "…": the act asks first. */
  readonly label: string;
  readonly variant?: "primary" | "quiet" | "danger";
  readonly action: StudioAction;
}

/** A button for an act that can't be taken back. The server says what will happen, and asks. */
export function Act({ label, variant = "quiet", ...form }: ActProps) {
  return (
    <StudioForm
      {...form}
      name="act"
      buttons={<SubmitButton variant={variant}>{label}</SubmitButton>}
    >
      {() => null}
    </StudioForm>
  );
}
