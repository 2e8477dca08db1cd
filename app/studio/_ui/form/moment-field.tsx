"use client";

import { useState, useSyncExternalStore } from "react";
import { readLocalTime, sayOffset, sayTime, sayTimeSkipped } from "#lib/base/time-zone.ts";
import { type FormValues, occurrenceName, originalOf } from "../../_data/form-values.ts";
import { TextField } from "../field.tsx";

interface MomentFieldProps {
  readonly label: string;
  readonly name: string;
  readonly timeZone: string;
  readonly values: FormValues;
  readonly hint?: string;
  readonly problem: string | undefined;
}

const never = () => () => {};
/** Node and the browser may write months differently. */
const useIsInBrowser = () =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );

/**
 * A date and time of day in the newsroom's zone. Says which moment that is; asks when the clocks show it twice. The
 * moment that the form was made from goes along, so an unchanged field changes nothing.
 */
export function MomentField({ label, name, timeZone, values, hint, problem }: MomentFieldProps) {
  const [text, setText] = useState(values[name] ?? "");
  const isInBrowser = useIsInBrowser();
  const time = readLocalTime(text, timeZone);
  const hasSeconds = (values[name]?.length ?? 0) > "2026-11-22T20:00".length;
  return (
    <div className="flex flex-col gap-1">
      <TextField
        label={label}
        name={name}
        type="datetime-local"
        {...(hasSeconds && { step: 1 })}
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        hint={`${timeZone} time. ${hint ?? ""}`}
        problem={problem}
      />
      <input
        type="hidden"
        name={originalOf(name)}
        value={values[originalOf(name)] ?? ""}
        readOnly
      />
      <p aria-live="polite" className="min-h-5 text-sm text-soft">
        {isInBrowser && time.kind === "once" && sayTime(time.ms, timeZone)}
        {isInBrowser && time.kind === "skipped" && sayTimeSkipped(time.laterMs, timeZone)}
      </p>
      {time.kind === "twice" && (
        <fieldset className="flex flex-col">
          <legend className="text-sm font-semibold">
            This time occurs twice, because the clocks go back. Which one?
          </legend>
          {(["first", "second"] as const).map(occurrence => (
            <label key={occurrence} className="flex min-h-11 items-center gap-2">
              <input
                type="radio"
                name={occurrenceName(name)}
                value={occurrence}
                defaultChecked={values[occurrenceName(name)] === occurrence}
                className="size-5 shrink-0 accent-accent"
              />
              {occurrence === "first" ? "The first" : "The second"} (
              {sayOffset(occurrence === "first" ? time.firstMs : time.secondMs, timeZone)})
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}
