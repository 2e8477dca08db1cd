/** @jsxImportSource hono/jsx */
/** The line above the question: label or state, and the opening or closing time, or the time of the numbers. */
import type { PollState } from "#lib/model/poll-state.ts";
import { formatDistance } from "../words/format-time.ts";
import type { WordKey, Words } from "../words/words.ts";
import { type CardProps, showsNumbers } from "./card-props.ts";

export function Eyebrow(props: CardProps) {
  const { words, state, results, show } = props;
  const timed = show === "results" && state === "open" && showsNumbers(props);
  return (
    <p class="poll-eyebrow">
      <span data-part="state">
        <StateLabel words={words} state={state} />
      </span>
      <span class="poll-when" data-part="when" hidden={timed}>
        <When {...props} />
      </span>
      <span class="poll-number" data-part="as-of" data-at={results?.asOf} hidden={!timed}>
        {results ? words.say("asOf", { time: words.time(Date.parse(results.asOf)) }) : ""}
      </span>
    </p>
  );
}

/** Never "Live": only the script knows whether the numbers move. */
function StateLabel({ words, state }: { words: Words; state: PollState }) {
  if (state === "closing" || state === "final") {
    return (
      <span class="poll-state" data-state={state}>
        {words.say(state === "final" ? "finalResult" : "closing")}
      </span>
    );
  }
  return <b>{words.say("readerPoll")}</b>;
}

/** The moment of a result, for those who read it much later. */
function Dated({ words, ms }: { words: Words; ms: number }) {
  return <time datetime={new Date(ms).toISOString()}>{words.dated(ms)}</time>;
}

/**
 * The opening or closing time, which the script rewrites in the reader's own zone; the moment at which a result became
 * final, in the newsroom's.
 */
function When({ words, poll, state, nowMs }: CardProps) {
  const [key, ms]: [WordKey, number | null] =
    state === "scheduled" ? ["opensAt", poll.opensAtMs] : ["closesAt", poll.closesAtMs];
  if (ms === null) return <>{words.say("openUntilClosed")}</>;
  if (state === "final") return <Dated words={words} ms={poll.finalizedAtMs ?? ms} />;
  const iso = new Date(ms).toISOString();
  const when = words.when(ms, nowMs);
  if (state === "closing") return <time datetime={iso}>{when}</time>;
  return (
    <>
      <time datetime={iso} data-key={key}>
        {words.say(key, { when })}
      </time>
      <span data-part="distance-row">
        {" · "}
        <span data-part="distance">{formatDistance(words.locale, ms - nowMs)}</span>
      </span>
    </>
  );
}
