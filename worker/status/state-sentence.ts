/** The worker's state in one sentence, or a few when there is more than one trouble: a pure function of it and a survey. */
import { HOUR, SECOND } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import { type Memory, nearlyFull } from "#lib/memcached/memory-stats.ts";
import { lanes } from "#lib/model/lane.ts";
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

/** Which clocks are wrong, and by how much. */
function clockSentence({ wrongClocks }: Survey): Sentence | undefined {
  if (wrongClocks.length === 0) return undefined;
  const each = wrongClocks.map(({ clock, aheadMs }) => {
    const by = duration(Math.abs(aheadMs));
    return `the clock of ${clock} is ${by} ${aheadMs > 0 ? "ahead" : "behind"}`;
  });
  const text = `Wrong time: ${each.join(", ")}. Votes are judged by the other clocks; set it by NTP.`;
  return { tone: "warn", text };
}

/** MySQL's return to an earlier state is told for this long. */
const setbackToldMs = HOUR;

function setbackSentence({ atMs, setbacks }: Survey): Sentence | undefined {
  const agoMs = atMs - (setbacks.lastAtMs ?? Number.NEGATIVE_INFINITY);
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

/** The state in one sentence, worst news first. */
export function stateSentence(
  state: WorkerState,
  survey: Survey,
  slotsPerSecond: number,
): Sentence {
  const waiting = slotsWaiting(survey);
  const depth =
    waiting === 0
      ? "Nothing waits."
      : `${plural(waiting, "slot")} of ballots ${waiting === 1 ? "waits" : "wait"}, the oldest for ${duration(oldestWaitMs(survey))}.`;
  const backlog = [depth, ...refusedLanesSentence(survey)].join(" ");
  if (isFailing(state)) {
    return {
      tone: "bad",
      text: `Ballots are not getting into MySQL. They are kept in memcached, and the worker tries again every few seconds. ${backlog}`,
    };
  }
  if (isStale(state, survey.atMs)) {
    return {
      tone: "bad",
      text: `No pass has finished for ${duration(staleMs)} or more. ${backlog}`,
    };
  }
  const away = survey.servers.filter(({ memory }) => memory === undefined).map(({ name }) => name);
  if (away.length > 0) {
    return {
      tone: "bad",
      text: `memcached at ${away.join(" and ")} can't be reached. On the other servers: ${backlog}`,
    };
  }
  const setback = setbackSentence(survey);
  if (setback) return { ...setback, text: `${setback.text} ${backlog}` };
  const memory = memorySentence(survey);
  if (memory) return { ...memory, text: `${memory.text} ${backlog}` };
  const fronts = frontSentence(survey.fronts, survey.atMs);
  if (fronts) return { tone: "warn", text: `${fronts} ${backlog}` };
  const clocks = clockSentence(survey);
  if (clocks) return { ...clocks, text: `${clocks.text} ${backlog}` };
  const passMs = survey.atMs - (state.passBeganAtMs ?? survey.atMs);
  if (passMs > slowMs) {
    return {
      tone: "warn",
      text: `The current pass has taken ${duration(passMs)}: most likely MySQL does not answer. ${backlog}`,
    };
  }
  if (waiting === 0) return { tone: "good", text: "All is well: nothing waits." };
  if (oldestWaitMs(survey) < staleMs) return { tone: "good", text: `All is well. ${backlog}` };
  const left = flushTimeMs(waiting, slotsPerSecond);
  const estimate = left === undefined ? "" : ` At this rate it is flushed in ${duration(left)}.`;
  return { tone: "warn", text: `There is a backlog. ${backlog}${estimate}` };
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
