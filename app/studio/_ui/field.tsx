"use client";

import { Field } from "@base-ui/react/field";
import type { ComponentProps } from "react";

const control =
  "w-full rounded-[3px] border border-mark bg-paper px-3 py-2 text-base text-ink min-h-11";

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** The error of the value, in a sentence. */
  readonly problem?: string | undefined;
}

function Frame({ label, hint, problem, children }: FieldProps & { children: React.ReactNode }) {
  return (
    <Field.Root invalid={problem !== undefined} className="flex flex-col gap-1">
      <Field.Label className="text-sm font-semibold">{label}</Field.Label>
      {children}
      {hint && <Field.Description className="text-sm text-soft">{hint}</Field.Description>}
      {problem && (
        <Field.Error match className="text-sm text-bad">
          {problem}
        </Field.Error>
      )}
    </Field.Root>
  );
}

export function TextField({
  label,
  hint,
  problem,
  ...props
}: FieldProps & ComponentProps<"input">) {
  return (
    <Frame label={label} hint={hint} problem={problem}>
      <Field.Control {...props} className={control} />
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  problem,
  rows,
  ...props
}: FieldProps & ComponentProps<"textarea">) {
  return (
    <Frame label={label} hint={hint} problem={problem}>
      <Field.Control render={<textarea {...props} rows={rows} />} className={control} />
    </Frame>
  );
}
