/** @jsxImportSource hono/jsx */
/** The rounds of an instant-runoff, as a table: options in rows, rounds in columns; and how ties were decided. */

import { markOf, runoffVersion, tieSentences } from "../words/outcome-sentence.ts";
import type { CardProps } from "./card-props.ts";
import { speakerOf } from "./speaker.ts";

export function RunoffTable({ words, poll, results }: CardProps) {
  const runoff = results?.runoff;
  const percentages = poll.resultsAs === "percentages";
  const format = (votes: number | undefined) =>
    votes === undefined ? "–" : percentages ? words.percent(votes) : words.number(votes);
  const rounds = runoff?.rounds ?? [];
  const speaker = speakerOf(words, poll);
  const marks = poll.options.map(({ number }) =>
    results && runoff ? markOf(speaker.say, results, String(number)) : "",
  );
  return (
    <section data-part="runoff" data-at={runoff ? runoffVersion(results) : undefined}>
      <h2 class="poll-subtitle" id="runoff-title">
        {words.say("runoff")}
      </h2>
      <p class="poll-fine poll-number" data-part="runoff-at">
        {runoff
          ? words.say("runoffAt", { time: words.time(Date.parse(runoff.computedAt)) })
          : words.say("runoffPending")}
      </p>
      <section class="poll-scroll" aria-labelledby="runoff-title" tabindex={0}>
        <table class="poll-table" hidden={rounds.length === 0}>
          <thead>
            <tr>
              <th scope="col">{words.say("option")}</th>
              {rounds.map((_, index) => (
                <th scope="col">{words.say("round", { number: words.number(index + 1) })}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {poll.options.map(({ number, label }, index) => (
              <tr data-winner={marks[index] ? "" : undefined}>
                <th scope="row">
                  <bdi>{label}</bdi>{" "}
                  <span class="poll-mark" data-part="mark">
                    {marks[index]}
                  </span>
                </th>
                {rounds.map(({ votes }) => (
                  <td>{format(votes[String(number)])}</td>
                ))}
              </tr>
            ))}
            {!percentages && (
              <tr>
                <th scope="row">{words.say("noFurtherChoice")}</th>
                {rounds.map(({ exhausted }) => (
                  <td>{words.number(exhausted ?? 0)}</td>
                ))}
              </tr>
            )}
          </tbody>
        </table>
      </section>
      <p class="poll-fine" data-part="ties">
        {results ? tieSentences(speaker, results) : ""}
      </p>
      <p class="poll-fine">{words.say("tieRule")}</p>
    </section>
  );
}
