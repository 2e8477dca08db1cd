"use client";

import { TextField } from "./field.tsx";
import { Group } from "./rules-fields.tsx";

interface OptionImagesProps {
  /** Of the options that there are so far. */
  readonly labels: readonly string[];
  readonly problems: Readonly<Record<string, string>> | undefined;
}

/** An image for each option, for polls that have them. */
export function OptionImages({ labels, problems }: OptionImagesProps) {
  const wrong = Object.keys(problems ?? {}).some(name => name.startsWith("image"));
  return (
    <Group title="Images" now="Beside the options, if you like" open={wrong}>
      <p className="text-sm text-soft">
        An https address, or a path on this site. Images are shown 4 : 3, the rest is cropped. They
        come straight from that address; one that redirects to another site shows nothing.
      </p>
      {labels.length === 0 && <p className="text-sm text-soft">Write the options first.</p>}
      {labels.map((label, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: fields stay where they are while labels are typed
        <fieldset key={index} className="flex flex-col gap-3">
          <legend className="mb-1 font-semibold">{label}</legend>
          <TextField
            label="Address of the image"
            name={`image.${index}`}
            inputMode="url"
            maxLength={1000}
            problem={problems?.[`image.${index}`]}
          />
          <TextField
            label="What it shows"
            name={`imageAlt.${index}`}
            maxLength={200}
            hint="For readers who do not see it."
            problem={problems?.[`imageAlt.${index}`]}
          />
        </fieldset>
      ))}
    </Group>
  );
}
