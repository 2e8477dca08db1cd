/** @jsxImportSource hono/jsx */
import type { Poll } from "#lib/model/poll.ts";

/** The editor's explanation of the question, with its line breaks; nothing without one. */
export function Explanation({ poll: { description } }: { poll: Pick<Poll, "description"> }) {
  if (description === "") return null;
  return (
    <p class="poll-dek poll-explanation">
      <bdi>{description}</bdi>
    </p>
  );
}
