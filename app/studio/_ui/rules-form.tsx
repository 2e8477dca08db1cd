"use client";

import { useActionState } from "react";
import { changeRulesAction } from "../actions.ts";
import { Button } from "./button.tsx";
import { keepFields } from "./keep-fields.ts";
import {
  AfterVoteFields,
  ChangeFields,
  LaneFields,
  ResultsFields,
  type RulesValues,
} from "./rules-fields.tsx";

interface RulesFormProps {
  readonly slug: string;
  readonly timeZone: string;
  readonly values: RulesValues;
}

/** The rules that can be changed at any time. */
export function RulesForm({ slug, timeZone, values }: RulesFormProps) {
  const [state, submit, busy] = useActionState(changeRulesAction, {});
  return (
    <form
      action={submit}
      onSubmit={keepFields(submit)}
      className="flex flex-col items-stretch gap-3"
    >
      <input type="hidden" name="slug" value={slug} />
      <ResultsFields values={values} timeZone={timeZone} problems={state.problems} />
      <AfterVoteFields values={values} timeZone={timeZone} problems={state.problems} />
      <ChangeFields values={values} />
      <LaneFields values={values} />
      {state.problem && (
        <p role="alert" className="text-sm text-bad">
          {state.problem}
        </p>
      )}
      <div>
        <Button type="submit" variant="quiet" disabled={busy}>
          Save rules
        </Button>
      </div>
    </form>
  );
}
