"use client";

import { type RefObject, useEffect, useRef } from "react";
import type { FormState } from "../../_data/form-state.ts";
import { groupOf } from "../../_data/form-values.ts";
import { fieldLabels } from "../../_data/words.ts";

interface OutcomeProps {
  readonly state: FormState;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly form: RefObject<HTMLFormElement | null>;
}

const errorTitle = "Error: ";

/**
 * Says beside the buttons what came of sending the form. With errors, the first field in error gets the focus, and the
 * page's title says so; otherwise the focus stays where it is.
 */
export function Outcome({ state, labels = fieldLabels, form }: OutcomeProps) {
  const problem = useRef<HTMLParagraphElement>(null);
  const names = [...new Set(Object.keys(state.problems ?? {}).map(groupOf))];
  const sentence = state.ask ? undefined : (state.problem ?? summaryOf(names, labels));
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is acted on once
  useEffect(() => {
    if (!sentence) return;
    document.title = errorTitle + document.title.replace(errorTitle, "");
    const invalid = form.current?.querySelector<HTMLElement>("[aria-invalid=true]");
    (invalid ?? problem.current)?.focus();
    return () => {
      document.title = document.title.replace(errorTitle, "");
    };
  }, [state]);
  return (
    <>
      <p
        ref={problem}
        role="alert"
        tabIndex={-1}
        className={sentence ? "text-sm text-bad" : "sr-only"}
      >
        {sentence}
      </p>
      <p role="status" className={state.saved ? "text-sm" : "sr-only"}>
        {state.saved?.sentence}
      </p>
    </>
  );
}

function summaryOf(
  groups: readonly string[],
  labels: Readonly<Record<string, string>>,
): string | undefined {
  if (groups.length === 0) return undefined;
  const fields = groups.map(group => labels[group] ?? group).join(", ");
  return `Nothing was saved. ${groups.length === 1 ? "One field needs" : `${groups.length} fields need`} a correction: ${fields}.`;
}
