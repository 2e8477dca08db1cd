/** What the studio's acts that can't be taken back will do, in words. Pure. */
import { sayTime } from "#lib/base/time-zone.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { maySeeResults, type Requester, type VisibilityRules } from "#lib/model/visibility.ts";
import type { Ask } from "./form-state.ts";
import { resultsAs, resultsTo } from "./words.ts";

const numbers = new Intl.NumberFormat("en");

/** Whether the editor has confirmed exactly this. */
export function isConfirmed(form: FormData, { consequence, typeText }: Ask): boolean {
  if (form.get("confirmed") !== consequence) return false;
  const typed = String(form.get("typedText") ?? "").trim();
  return typeText === undefined || typed.toLowerCase() === typeText.toLowerCase();
}

interface Times {
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
}

function sayClosing({ closesAtMs }: Times, timeZone: string): string {
  return closesAtMs === null
    ? "It stays open until an editor closes it."
    : `It closes ${sayTime(closesAtMs, timeZone)}.`;
}

/** Opening a poll now. `opensAtMs`: the opening time that this act does not wait for, or that has passed. */
export function askToOpen(times: Times, nowMs: number, timeZone: string): Ask {
  const { opensAtMs } = times;
  const at = opensAtMs === null ? "" : sayTime(opensAtMs, timeZone);
  const passed = `The opening time, ${at}, has passed, so it opens now. `;
  const ignored = `It does not wait for the opening time, ${at}. `;
  const note = opensAtMs !== null && opensAtMs <= nowMs ? passed : ignored;
  return {
    title: "Open this poll now?",
    consequence: `${opensAtMs === null ? "" : note}Readers can vote at once. The question and the options can’t be changed any more. ${sayClosing(times, timeZone)}`,
    label: "Open now",
  };
}

/** Opening a poll at its opening time. */
export function askToSchedule(times: Times, timeZone: string): Ask {
  return {
    title: "Schedule this poll?",
    consequence: `It opens by itself on ${sayTime(times.opensAtMs ?? 0, timeZone)}. Readers can vote from then on, and the question and the options can’t be changed any more. Until then you can change everything, or take the opening time back. ${sayClosing(times, timeZone)}`,
    label: "Schedule",
  };
}

export function askToClose(poll: Poll, nowMs: number): Ask {
  const now = maySeeResults(poll, "reader", nowMs);
  const then = maySeeResults({ ...poll, closesAtMs: nowMs }, "reader", nowMs);
  const shown = then && !now ? " Everyone can see the results from then on." : "";
  return {
    title: "Close this poll now?",
    consequence: `No more votes will be accepted. The result becomes final when the last votes are counted.${shown} A closed poll can’t be opened again.`,
    label: "Close now",
  };
}

/** @param ballots - those that are counted. */
export function askToRemove(poll: Poll, ballots: number): Ask {
  const votes = `${numbers.format(ballots)} ${ballots === 1 ? "vote" : "votes"}`;
  const isFinal = poll.finalizedAtMs !== null;
  return {
    title: "Delete this poll?",
    consequence: isFinal
      ? `The poll, its ${votes}, their receipts and the final result are deleted for good. Links to the poll, and articles that embed it, show that it is gone. This can’t be undone.`
      : "The poll is deleted for good. It has no votes yet. Links to it will stop working.",
    label: "Delete",
    isDanger: true,
    ...(isFinal && { typeText: poll.slug }),
  };
}

type Shown = VisibilityRules & Pick<Poll, "resultsAs">;

/** Changing rules so that more is seen of the results than before; `undefined` when it is not. */
export function askToShow(before: Poll, after: Shown, nowMs: number): Ask | undefined {
  const state = pollState(before, nowMs);
  if (state === "draft" || state === "scheduled") return undefined;
  const moreReaders = widens(before, after, nowMs);
  const moreNumbers = before.resultsAs === "percentages" && after.resultsAs !== "percentages";
  if (!moreReaders && !moreNumbers) return undefined;
  const from = moreReaders ? resultsTo[before.resultsTo] : resultsAs[before.resultsAs];
  const to = moreReaders ? resultsTo[after.resultsTo] : resultsAs[after.resultsAs];
  const when = seesNow(after, nowMs) ? "This takes effect at once. " : "";
  return {
    title: "Show more of the results?",
    consequence: `Until now: ${from}. From now on: ${to}. ${when}What has been seen can’t be hidden again.`,
    label: "Show more",
  };
}

const requesters: readonly Requester[] = ["reader", "voter", "editor"];

const seesNow = (poll: VisibilityRules, nowMs: number) =>
  requesters.some(requester => maySeeResults(poll, requester, nowMs));

/** True when more people may see the results than before, at some moment from now on. */
function widens(before: VisibilityRules, after: VisibilityRules, nowMs: number): boolean {
  const from = [before.resultsFromMs, after.resultsFromMs].filter(ms => ms !== null);
  const moments = [nowMs, ...from.filter(ms => ms > nowMs)];
  return moments.some(ms =>
    [before.closesAtMs, ms].some(closesAtMs =>
      requesters.some(requester => {
        const sees = (poll: VisibilityRules) =>
          maySeeResults({ ...poll, closesAtMs }, requester, ms);
        return sees(after) && !sees(before);
      }),
    ),
  );
}
