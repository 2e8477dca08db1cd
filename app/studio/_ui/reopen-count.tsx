"use client";

import { AlertDialog } from "@base-ui/react/alert-dialog";
import type { FormValues, PollReference } from "../_data/form-values.ts";
import { reopenCountAction } from "../actions/poll-acts.ts";
import { buttonClass } from "./button.tsx";
import { TextArea } from "./field.tsx";
import { backdropClass, popupClass } from "./form/ask-dialog.tsx";
import { StudioForm, SubmitButton } from "./form/studio-form.tsx";

interface ReopenCountProps {
  readonly editor: string;
  readonly poll: PollReference;
  readonly values: FormValues;
}

/** Reopens the count of a final poll; asks for the reason that readers will see. */
export function ReopenCount(form: ReopenCountProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger className={buttonClass("quiet")}>Count late votes…</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropClass} />
        <AlertDialog.Popup className={popupClass}>
          <AlertDialog.Title className="font-serif text-xl font-semibold">
            Count the late votes?
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-2 mb-4 text-soft">
            Votes that readers cast before the poll closed, and that reached the count too late, are
            added. The poll stays closed. The published result may change, and readers see when and
            why.
          </AlertDialog.Description>
          <StudioForm
            {...form}
            action={reopenCountAction}
            name="reopen"
            labels={{ reason: "Reason, for readers" }}
            buttons={
              <>
                <AlertDialog.Close className={buttonClass("quiet")}>Cancel</AlertDialog.Close>
                <SubmitButton>Count late votes</SubmitButton>
              </>
            }
          >
            {(values, problems) => (
              <TextArea
                label="Reason, for readers"
                name="reason"
                required
                rows={3}
                maxLength={300}
                defaultValue={values.reason}
                problem={problems?.reason}
              />
            )}
          </StudioForm>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
