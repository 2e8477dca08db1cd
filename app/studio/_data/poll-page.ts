/** What a poll's page in the studio shows, read once for each request. */
import { cache } from "react";
import type { Slug } from "#lib/model/ids.ts";
import { type PollState, pollState } from "#lib/model/poll-state.ts";
import { type CountedPoll, readCounted } from "#lib/results/counted-results.ts";
import { getFront } from "#lib/web/front.ts";
import { sayState } from "./desk.ts";
import type { FormValues, PollReference } from "./form-values.ts";
import { valuesOf } from "./poll-values.ts";

export interface PollPage extends CountedPoll {
  readonly state: PollState;
  readonly stateInWords: string;
  readonly reference: PollReference;
  /** The values of its forms. */
  readonly values: FormValues;
}

export const pollPage = cache(async (slug: string): Promise<PollPage | undefined> => {
  const { clock, config } = getFront();
  const nowMs = clock.nowMs();
  const found = await readCounted(getFront(), slug as Slug, nowMs);
  if (!found) return undefined;
  const { poll } = found;
  const state = pollState(poll, nowMs);
  return {
    ...found,
    state,
    stateInWords: sayState(poll, state),
    reference: { slug: poll.slug, key: poll.key, version: poll.version },
    values: valuesOf(poll, config.timeZone),
  };
});
