/** @jsxImportSource hono/jsx */
/** The options of the form: to choose, to rank, or to grade. All of them plain fields. */
import { optionsInOrder } from "#lib/polls/option-order.ts";
import type { CardProps } from "./card-props.ts";

const grades = [1, 2, 3, 4, 5];

export function OptionFields(props: CardProps) {
  const { poll } = props;
  return (
    <div class="poll-options">
      {poll.kind === "choice" && <ChoiceFields {...props} />}
      {poll.kind === "ranked" && <RankFields {...props} />}
      {poll.kind === "rating" && <GradeFields {...props} />}
    </div>
  );
}

function ChoiceFields({ poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(({ number, label }) => (
        <label class="poll-option">
          <input
            type={poll.choicesMax === 1 ? "radio" : "checkbox"}
            name="choice"
            value={String(number)}
            checked={chosen?.includes(String(number)) ?? false}
          />
          <bdi>{label}</bdi>
        </label>
      ))}
    </>
  );
}

function RankFields({ words, poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(({ number, label }) => (
        <label class="poll-option">
          <select class="poll-rank" name={`choice.${number}`}>
            <option value="">–</option>
            {poll.options.map((_, index) => {
              const value = `${number}:${index + 1}`;
              return (
                <option value={value} selected={chosen?.includes(value) ?? false}>
                  {words.number(index + 1)}
                </option>
              );
            })}
          </select>
          <bdi>{label}</bdi>
        </label>
      ))}
    </>
  );
}

function GradeFields({ words, poll, nowMs, chosen }: CardProps) {
  return (
    <>
      {optionsInOrder(poll, nowMs).map(({ number, label }) => (
        <div class="poll-graded" role="radiogroup" aria-labelledby={`option-${number}`}>
          <bdi id={`option-${number}`}>{label}</bdi>
          <span class="poll-grades">
            {grades.map(grade => {
              const value = `${number}:${grade}`;
              return (
                <label class="poll-grade">
                  <input
                    type="radio"
                    name={`choice.${number}`}
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
