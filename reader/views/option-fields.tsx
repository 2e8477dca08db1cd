/** @jsxImportSource hono/jsx */
/** The form fields to choose, rank or grade options: plain fields, usable without script. */

import { optionsInOrder } from "#lib/model/option-order.ts";
import type { PollOption } from "#lib/model/poll.ts";
import type { CardProps } from "./card-props.ts";
import { hasImages, OptionImage } from "./option-image.tsx";

const grades = [1, 2, 3, 4, 5];

export function OptionFields(props: CardProps) {
  const { poll } = props;
  return (
    <div
      class="poll-options"
      data-tiles={poll.kind === "choice" && hasImages(poll.options) ? "" : undefined}
    >
      {poll.kind === "choice" && <ChoiceFields {...props} />}
      {poll.kind === "ranked" && <RankFields {...props} />}
      {poll.kind === "rating" && <GradeFields {...props} />}
    </div>
  );
}

function ChoiceFields({ poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(option => (
        <label class="poll-option">
          <OptionImage option={option} as="tile" />
          <input
            type={poll.choicesMax === 1 ? "radio" : "checkbox"}
            name="choice"
            value={String(option.number)}
            checked={chosen?.includes(String(option.number)) ?? false}
          />
          <bdi>{option.label}</bdi>
        </label>
      ))}
    </>
  );
}

/** One select per option; the script replaces it with buttons, which work only with script. The first takes a rank back. */
function RankFields({ words, poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(option => (
        <div class="poll-option poll-ranked" data-label={option.label}>
          <button class="poll-rank" type="button" data-move="toggle" hidden />
          <label>
            <select class="poll-rank" name={`choice.${option.number}`}>
              <option value="">–</option>
              {poll.options.map((_, index) => {
                const value = `${option.number}:${index + 1}`;
                return (
                  <option value={value} selected={chosen?.includes(value) ?? false}>
                    {words.number(index + 1)}
                  </option>
                );
              })}
            </select>
            <OptionImage option={option} as="thumb" />
            <bdi>{option.label}</bdi>
          </label>
          <span class="poll-moves poll-script">
            <Move
              label={words.say("moveUp", { option: words.isolated(option.label) })}
              name="up"
              path="M4 10 8 6l4 4"
            />
            <Move
              label={words.say("moveDown", { option: words.isolated(option.label) })}
              name="down"
              path="m4 6 4 4 4-4"
            />
          </span>
        </div>
      ))}
    </>
  );
}

function Move({ label, name, path }: { label: string; name: string; path: string }) {
  return (
    <button class="poll-move" type="button" data-move={name} aria-label={label}>
      <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true" focusable="false">
        <path d={path} fill="none" stroke="currentColor" stroke-width="2" />
      </svg>
    </button>
  );
}

function GradeFields({ words, poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(option => (
        <div class="poll-graded" role="radiogroup" aria-labelledby={`option-${option.number}`}>
          <span class="poll-graded-label">
            <OptionImage option={option} as="thumb" />
            <bdi id={`option-${option.number}`}>{option.label}</bdi>
          </span>
          <span class="poll-grades">
            <NoGrade {...{ words, option, chosen }} />
            {grades.map(grade => {
              const value = `${option.number}:${grade}`;
              return (
                <label class="poll-grade">
                  <input
                    type="radio"
                    name={`choice.${option.number}`}
                    value={value}
                    checked={chosen?.includes(value) ?? false}
                  />
                  <span>{words.number(grade)}</span>
                </label>
              );
            })}
          </span>
        </div>
      ))}
    </>
  );
}

/** Takes a grade back, and is chosen until there is one. */
function NoGrade({ words, option, chosen }: GradedOption) {
  const field = `${option.number}:`;
  return (
    <label class="poll-grade poll-grade-none">
      <input
        type="radio"
        name={`choice.${option.number}`}
        value=""
        aria-label={words.say("noGrade")}
        checked={!chosen?.some(value => value.startsWith(field))}
      />
      <span aria-hidden="true">–</span>
    </label>
  );
}

interface GradedOption {
  readonly words: CardProps["words"];
  readonly option: PollOption;
  readonly chosen: CardProps["chosen"] | undefined;
}
