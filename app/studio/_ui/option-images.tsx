"use client";

import type { FormValues } from "../_data/form-values.ts";
import { TextField } from "./field.tsx";
import { Group } from "./rules-fields.tsx";

interface OptionImagesProps {
  /** Labels of the options entered so far. */
  readonly labels: readonly string[];
  readonly values: FormValues;
  readonly problems: Readonly<Record<string, string>> | undefined;
}

/** An optional image for each option. */
export function OptionImages({ labels, values, problems }: OptionImagesProps) {
  const wrong = Object.keys(problems ?? {}).some(name => name.startsWith("image"));
  return (
    <Group title="Images" now="Optional, shown with the options" open={wrong}>
      <p className="text-sm text-soft">
        Enter an https address or a path on this site. Images are cropped to 4:3. Readers’ browsers
        load them directly from that address. An address that redirects to another site shows no
        image.
      </p>
      {labels.length === 0 && <p className="text-sm text-soft">Enter the options first.</p>}
      {labels.map((label, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: fields stay where they are while labels are typed
        <fieldset key={index} className="flex min-w-0 flex-col gap-3">
          <legend className="mb-1 font-semibold wrap-anywhere">{label}</legend>
          <TextField
            label="Image address"
            name={`image.${index}`}
            inputMode="url"
            maxLength={1000}
            defaultValue={values[`image.${index}`]}
            problem={problems?.[`image.${index}`]}
          />
          <TextField
            label="Image description"
            name={`imageAlt.${index}`}
            maxLength={200}
            defaultValue={values[`imageAlt.${index}`]}
            hint="Read aloud by screen readers, and shown if the image does not load."
            problem={problems?.[`imageAlt.${index}`]}
          />
        </fieldset>
      ))}
    </Group>
  );
}
