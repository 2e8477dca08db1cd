/** The worker's state in one sentence, or a few when there is more than one trouble: a pure function of it and a survey. */
import { HOUR, SECOND } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import { describeMember } from "#lib/fleet/compared-settings.ts";
import { isClockWrong, machineClock } from "#lib/fleet/site-clock.ts";
import { type Memory, nearlyFull } from "#lib/memcached/memory-stats.ts";
import { lanes } from "#lib/model/lane.ts";
import type { Restore } from "#lib/store/restores.ts";
import { type Accounts, accountSentences } from "./account-sentence.ts";
import { frontSentence } from "./front-sentence.ts";

import {
  isFailing,
  isStale,
  oldestWaitMs,
  type Survey,
  slotsWaiting,
  staleMs,
  type WorkerState,
} from "./state.ts";

/** A pass starts its last commit within half a second: one that takes this long is waiting for a server. */
const slowMs = 4 * SECOND;

/** `bad`: an operator has to act. `warn`: an operator should know. */
export type Tone = "good" | "warn" | "bad";

interface Sentence {
  readonly tone: Tone;
  readonly text: string;
}

/** Polls, and processes, that are named in a sentence. */
const namedMax = 5;

/** Which clocks are wrong, and by how much: those that this worker reads, and those of other processes' machines. */
function clockSentence({ wrongClocks, fronts, machine: own }: Survey): Sentence | undefined {
  const isOwnWrong = wrongClocks.some(({ clock }) => clock === machineClock);
  const elsewhere = fronts.members.filter(
    ({ clockAheadMs, machine }) => isClockWrong(clockAheadMs) && !(isOwnWrong && machine === own),
  );
  const named = elsewhere
    .slice(0, namedMax)
    .map(member => ({ clock: describeMember(member), aheadMs: member.clockAheadMs }));
  const wrong = [...wrongClocks, ...named];
  if (wrong.length === 0) return undefined;
  const each = wrong.map(({ clock, aheadMs }) => {
    const by = duration(Math.abs(aheadMs));
    return `the clock of ${clock} is ${by} ${aheadMs > 0 ? "ahead" : "behind"}`;
  });
  const others = elsewhere.length - named.length;
  const more = others > 0 ? `, and ${others} more` : "";
  const text = `Wrong time: ${each.join(", ")}${more}. Votes are judged by the other clocks; set it by NTP.`;
  return { tone: "warn", text };
}

/** MySQL's return to an earlier state is told for this long. */
const setbackToldMs = HOUR;

/** That a backup was restored, and which polls are gone since. */
function restoreText(restore: Restore | undefined, atMs: number): string | undefined {
  if (!restore || atMs - restore.atMs > setbackToldMs) return undefined;
  const { gone } = restore;
  const { fromMs } = restore;
  const backup =
    fromMs === undefined
      ? "A backup"
      : `The backup of ${new Date(fromMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const named = gone.slice(0, namedMax).map(({ slug, accepted }) => `${slug} (${accepted})`);
  const more = gone.length > namedMax ? `, and ${gone.length - namedMax} more` : "";
  const polls =
    gone.length > 0
      ? ` Polls made after it are gone (with ballots accepted): ${named.join(", ")}${more}.`
      : "";
  return (
    `${backup} was restored ${duration(Math.max(0, atMs - restore.atMs))} ago.${polls} ` +
    "Ballots that memcached still had are flushed again; the books say which are lost."
  );
}

function setbackSentence({ atMs, setbacks }: Survey): Sentence | undefined {
  const agoMs = atMs - (setbacks.lastAtMs ?? Number.NEGATIVE_INFINITY);
  const restored = restoreText(setbacks.restore, atMs);
  if (restored) return { tone: "bad", text: restored };
  if (agoMs > setbackToldMs) return undefined;
  const text = `MySQL went back to an earlier state ${duration(Math.max(0, agoMs))} ago. Ballots that memcached still had are flushed again; the books say which are lost.`;
  return { tone: "bad", text };
}

/** The worst news about the memory of the queue servers, if there is any. */
function memorySentence({ servers }: Survey): Sentence | undefined {
  const those = (which: (memory: Memory) => boolean) =>
    servers
      .filter(({ holdsQueues, memory }) => holdsQueues && memory && which(memory))
      .map(({ name }) => name)
      .join(" and ");
  const evicted = those(({ evictions }) => evictions > 0);
  if (evicted) {
    const text = `memcached at ${evicted} has evicted items for lack of memory; votes may be among them.`;
    return { tone: "bad", text };
  }
  const mayEvict = those(memory => memory.mayEvict);
  if (mayEvict) {
    const text = `memcached at ${mayEvict} runs without -M: when it is full, it evicts votes.`;
    return { tone: "bad", text };
  }
  const full = those(({ usedBytes, limitBytes }) => usedBytes > nearlyFull * limitBytes);
  return full ? { tone: "warn", text: `memcached at ${full} is nearly full.` } : undefined;
}

/** What keeps ballots from getting into MySQL, worst news first: nothing moves, a queue does not, a pass does not end. */
function flushSentences(state: WorkerState, survey: Survey): Sentence[] {
  const said: Sentence[] = [];
  if (isFailing(state)) said.push({ tone: "bad", text: failingText(state) });
  else if (isStale(state, survey.atMs)) {
    said.push({ tone: "bad", text: `No pass has finished for ${duration(staleMs)} or more.` });
  }
  const [worst, ...others] = survey.standstills;
  if (worst) {
    const more = others.length > 0 ? ` ${plural(others.length, "other queue")} as well.` : "";
    const text =
      `The queue ${worst.queue} on ${worst.server} stands still: ${plural(worst.slots, "slot")} of ballots, ` +
      `and none was flushed for ${duration(worst.forMs)}.${more}`;
    said.push({ tone: "bad", text });
  }
  const passMs = survey.atMs - (state.passBeganAtMs ?? survey.atMs);
  if (passMs > slowMs) {
    const text = `The current pass has taken ${duration(passMs)}: most likely MySQL does not answer.`;
    said.push({ tone: "warn", text });
  }
  return said;
}

function failingText({ lastError }: WorkerState): string {
  const { error, kind } = lastError?.error ?? {};
  const why =
    kind === "mismatch"
      ? `: its schema, or the rights of its user, do not fit this program (${error}). \`floodgate doctor\` says more.`
      : ` (${error}).`;
  return `Ballots are not getting into MySQL${why} They are kept in memcached, and the worker tries again every few seconds.`;
}

/** What is wrong with servers, fronts and clocks: the worst of it. */
function surroundingsSentence(survey: Survey): Sentence | undefined {
  const away = survey.servers.filter(({ memory }) => memory === undefined).map(({ name }) => name);
  if (away.length > 0) {
    const text = `memcached at ${away.join(" and ")} can't be reached. On the other servers:`;
    return { tone: "bad", text };
  }
  const fronts = frontSentence(survey.fronts, survey.atMs);
  return (
    setbackSentence(survey) ??
    memorySentence(survey) ??
    (fronts === undefined ? undefined : { tone: "warn", text: fronts }) ??
    clockSentence(survey) ??
    (survey.serverChange === undefined ? undefined : { tone: "warn", text: survey.serverChange })
  );
}

/**
 * The state in one sentence, or in several when there is more than one trouble, worst news first: ballots that are lost,
 * ballots that are set aside, a queue that stands still, a pass that does not end, then everything else.
 */
export function stateSentence(
  state: WorkerState,
  survey: Survey,
  slotsPerSecond: number,
  accounts: Accounts,
): Sentence {
  const uncounted = accountSentences(accounts).map(text => ({ tone: "bad" as const, text }));
  const flush = flushSentences(state, survey);
  const surroundings = flush.length === 0 ? surroundingsSentence(survey) : undefined;
  const troubles = [...uncounted, ...flush, ...(surroundings ? [surroundings] : [])];
  const tones = troubles.map(({ tone }) => tone);
  const backlog = backlogText(survey);
  if (flush.length > 0 || surroundings) {
    const tone = tones.includes("bad") ? "bad" : "warn";
    return { tone, text: [...troubles.map(({ text }) => text), backlog].join(" ") };
  }
  const isShort = oldestWaitMs(survey) < staleMs;
  if (troubles.length === 0 && isShort) {
    const well =
      slotsWaiting(survey) === 0 ? "All is well: nothing waits." : `All is well. ${backlog}`;
    return { tone: "good", text: well };
  }
  const left = flushTimeMs(slotsWaiting(survey), slotsPerSecond);
  const estimate = left === undefined ? "" : ` At this rate it is flushed in ${duration(left)}.`;
  const rest = isShort ? backlog : `There is a backlog. ${backlog}${estimate}`;
  const tone = troubles.length > 0 ? "bad" : "warn";
  return { tone, text: [...troubles.map(({ text }) => text), rest].join(" ") };
}

/** What waits, for how long, and which votes are refused meanwhile. */
function backlogText(survey: Survey): string {
  const waiting = slotsWaiting(survey);
  const depth =
    waiting === 0
      ? "Nothing waits."
      : `${plural(waiting, "slot")} of ballots ${waiting === 1 ? "waits" : "wait"}, the oldest for ${duration(oldestWaitMs(survey))}.`;
  return [depth, ...refusedLanesSentence(survey)].join(" ");
}

/** Which votes are refused while memory runs out. */
function refusedLanesSentence({ lanesRefused }: Survey): string[] {
  if (lanesRefused.length === 0) return [];
  if (lanesRefused.length === lanes.length) return ["memcached is full: all votes are refused."];
  const refused = `${lanesRefused.join(" and ")} ${lanesRefused.length === 1 ? "lane" : "lanes"}`;
  return [`memcached is filling up: votes of the ${refused} are refused.`];
}

/** How long the backlog will take at the present rate; `undefined`: nothing is being flushed. */
export function flushTimeMs(waiting: number, slotsPerSecond: number): number | undefined {
  if (waiting === 0) return 0;
  return slotsPerSecond > 0 ? (waiting / slotsPerSecond) * SECOND : undefined;
}
