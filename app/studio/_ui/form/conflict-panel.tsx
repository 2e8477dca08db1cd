"use client";

import { type FormEvent, useEffect, useId, useRef } from "react";
import type { Conflict } from "../../_data/form-state.ts";
import { changedGroups, type FormValues, groupOf } from "../../_data/form-values.ts";
import { sayGroup } from "../../_data/say-group.ts";
import { fieldLabels } from "../../_data/words.ts";
import { Button } from "../button.tsx";

interface ConflictPanelProps {
  readonly conflict: Conflict;
  /** What the form was made from, and what the editor made of it. */
  readonly base: FormValues;
  readonly typed: FormValues;
  /** @param own - the groups in which what the editor typed is to stay. */
  readonly onChoice: (own: readonly string[]) => void;
}

/**
 * The poll was changed while the form was open: both sides of each field, and a choice where both changed the same one.
 * Nothing is saved by choosing.
 */
export function ConflictPanel({ conflict, base, typed, onChoice }: ConflictPanelProps) {
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const theirs = changedGroups(base, conflict.values);
  const own = changedGroups(base, typed);
  const differs = (group: string) =>
    changedGroups(conflict.values, typed).some(name => name === group);
  const both = own.filter(group => theirs.includes(group) && differs(group));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // The panel is beside the form that it is about, not in it.
    event.stopPropagation();
    const chosen = new FormData(event.currentTarget);
    onChoice(own.filter(group => !both.includes(group) || chosen.get(group) === "own"));
  };
  return (
    <form
      onSubmit={submit}
      aria-labelledby={id}
      data-conflict
      className="mb-4 flex flex-col gap-3 rounded border border-warn bg-warn-tint p-4"
    >
      <h3 id={id} ref={title} tabIndex={-1} className="font-semibold">
        This poll was changed after you opened this form, so nothing was saved
      </h3>
      <p className="text-sm">
        Last changed {conflict.savedAt}. Status now: {conflict.state}.
      </p>
      {theirs
        .filter(group => !both.includes(group))
        .map(group => (
          <Line key={group} label={fieldLabels[group] ?? group}>
            Saved meanwhile: <Value group={group} values={conflict.values} /> (before:{" "}
            <Value group={group} values={base} />)
          </Line>
        ))}
      {own
        .filter(group => !theirs.includes(group))
        .map(group => (
          <Line key={group} label={fieldLabels[group] ?? group}>
            You entered: <Value group={group} values={typed} />
          </Line>
        ))}
      {both.map(group => (
        <fieldset key={group} className="flex flex-col">
          <legend className="text-sm font-semibold">{fieldLabels[group] ?? group}</legend>
          {(["saved", "own"] as const).map(side => (
            <label key={side} className="flex min-h-11 items-center gap-2">
              <input
                type="radio"
                name={group}
                value={side}
                required
                className="size-5 shrink-0 accent-accent"
              />
              <span>
                {side === "own" ? "What you entered: " : "What is saved: "}
                <Value group={group} values={side === "own" ? typed : conflict.values} />
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <div>
        <Button type="submit" variant="quiet">
          {own.length === 0 ? "Go on with the poll as it is now" : "Take this into the form"}
        </Button>
      </div>
    </form>
  );
}

function Line({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <p className="text-sm [overflow-wrap:anywhere]">
      <span className="font-semibold">{label}</span>
      <br />
      {children}
    </p>
  );
}

function Value({ group, values }: { group: string; values: FormValues }) {
  const names = Object.keys(values).filter(name => groupOf(name) === group);
  const own = Object.fromEntries(names.map(name => [name, values[name] ?? ""]));
  return <span className="whitespace-pre-line">{sayGroup(group, own)}</span>;
}
