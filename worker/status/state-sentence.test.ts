/** What the worker's page says first. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { machineClock } from "#lib/fleet/site-clock.ts";
import type { PollId, QueueName, Slug } from "#lib/model/ids.ts";
import type { Lane } from "#lib/model/lane.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import {
  accounts,
  books,
  memory,
  now,
  state,
  summary,
  survey,
} from "#test/support/worker-status.ts";
import type { Accounts } from "./account-sentence.ts";
import { isStale, type Survey, type WorkerState } from "./state.ts";
import { stateSentence } from "./state-sentence.ts";

const servers = (those: Survey["servers"]): Survey => survey(0, 0, { servers: those });

const output = (
  state: WorkerState,
  survey: Survey,
  slotsPerSecond: number,
  change: Partial<Accounts> = {},
) => {
  const { tone, text } = stateSentence(state, survey, slotsPerSecond, { ...accounts, ...change });
  return `${tone}: ${text}`;
};

describe("the state sentence", () => {
  it("the state sentence is good when nothing waits, or for a moment only", () => {
    assert.equal(output(state(), survey(0), 0), "good: All is well: nothing waits.");
    assert.match(
      output(state(), survey(3, 900), 5),
      /^good: All is well. 3 slots .* for 1 second\.$/,
    );
  });

  it("the state sentence warns about a pass that does not end", () => {
    const slow = (ms: number) => output(state({ passBeganAtMs: now - ms }), survey(1, 7_000), 5);
    assert.match(slow(1_000), /^good/);
    assert.match(slow(7_000), /^warn: The current pass has taken 7 seconds: .*MySQL.* 1 slot/);
  });

  it("the state sentence names a backlog and how long it takes", () => {
    assert.equal(
      output(state(), survey(6_000, 90_000), 100),
      "warn: There is a backlog. 6,000 slots of ballots wait, the oldest for 90 seconds. At this rate it is flushed in 60 seconds.",
    );
    assert.doesNotMatch(output(state(), survey(6_000, 90_000), 0), /rate/);
  });

  it("the state sentence names the lanes that are refused while memory runs out", () => {
    const failing = state({ lastError: { atMs: now, error: { error: "mysql: ECONNREFUSED" } } });
    const refused = (...lanesRefused: Lane[]) =>
      output(failing, survey(9, 5_000, { lanesRefused }), 0);
    assert.doesNotMatch(refused(), /refused/);
    assert.match(refused("low"), / filling up: votes of the low lane are refused\.$/);
    assert.match(refused("normal", "low"), / votes of the normal and low lanes are refused\.$/);
    assert.match(refused("high", "normal", "low"), / full: all votes are refused\.$/);
  });

  it("the state sentence reports the worst problem", () => {
    const failing = state({ lastError: { atMs: now, error: { error: "mysql: ECONNREFUSED" } } });
    assert.match(
      output(failing, survey(1, 20_000), 0),
      /^bad: Ballots are not getting into MySQL \(mysql: ECONNREFUSED\)\. They are kept/,
    );
    const stale = state({ lastPass: { summary, atMs: now - 20_000, ms: 1 } });
    assert.equal(isStale(stale, now), true);
    assert.match(output(stale, survey(0), 0), /^bad: No pass has finished/);
    const away = servers([{ name: "m:1", holdsQueues: true, memory: undefined, lanes: [] }]);
    assert.match(output(state(), away, 0), /^bad: memcached at m:1 can't be reached/);
  });
});

describe("the state sentence about ballots that do not count or do not move", () => {
  const standstill = { server: "m:1", queue: "normal.0" as QueueName, slots: 246, forMs: 45_000 };
  const lost = { books: { ...books, lost: 750 } };
  const aside = { openLetters: { letters: 2, ballots: 1_933 } };
  const unbalanced = { books: { ...books, balanced: false } };
  const still = { standstills: [standstill] };
  const endless = { passBeganAtMs: now - 70_000, lastPass: { summary, atMs: now - 80_000, ms: 1 } };
  const output = (
    change: Partial<Accounts>,
    surveyed: Partial<Survey> = {},
    stated: Partial<WorkerState> = {},
  ) => {
    const all = { ...accounts, ...change };
    const { tone, text } = stateSentence(state(stated), survey(0, 0, surveyed), 0, all);
    return `${tone}: ${text}`;
  };

  it("the state sentence names lost ballots", () => {
    assert.match(output(lost), /^bad: 750 accepted ballots are lost: no server has them\. Nothing/);
  });

  it("the state sentence names ballots in dead letters until they are dismissed", () => {
    assert.match(
      output(aside),
      /^bad: At least 1,933 accepted ballots could not be counted and are set aside in 2 dead letters;/,
    );
    assert.match(output({ openLetters: { letters: 1, ballots: 0 } }), /^bad: An unknown number/);
    const dismissed = { books: { ...books, setAside: 1_933 } };
    assert.equal(output(dismissed), "good: All is well: nothing waits.");
  });

  it("the state sentence names books that do not balance", () => {
    assert.match(output(unbalanced), /^bad: The books do not balance/);
  });

  it("the state sentence names a queue that stands still, although passes succeed", () => {
    assert.match(
      output({}, still),
      /^bad: The queue normal\.0 on m:1 stands still: 246 slots of ballots, and none was flushed for 45 seconds\./,
    );
  });

  it("the state sentence names a pass that has no end", () => {
    assert.match(
      output({}, {}, endless),
      /^bad: No pass has finished for 15 seconds or more\. The current pass has taken 70 seconds/,
    );
  });

  it("the state sentence names several troubles in the order of their gravity, and never says that all is well", () => {
    const whole = output({ ...lost, ...aside }, still, endless);
    const order = ["are lost", "set aside", "stands still", "The current pass"].map(words =>
      whole.indexOf(words),
    );
    assert.ok(!order.includes(-1), whole);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    for (const change of [lost, aside, unbalanced]) assert.doesNotMatch(output(change), /well/);
    for (const surveyed of [still]) assert.doesNotMatch(output({}, surveyed), /well/);
  });

  it("the state sentence says when MySQL's schema does not fit", () => {
    const error = { error: "mysql: batches.insert: ER_NO_SUCH_TABLE (1146)", kind: "mismatch" };
    assert.match(
      output({}, {}, { lastError: { atMs: now, error } }),
      /^bad: Ballots are not getting into MySQL: its schema, or .* \(mysql: batches\.insert: ER_NO_SUCH_TABLE \(1146\)\)/,
    );
  });
});

describe("the state sentence about clocks", () => {
  it("the state sentence warns of a clock that is wrong, and says by how much", () => {
    const it = survey(0, 0, { wrongClocks: [{ clock: "MySQL", aheadMs: -90_000 }] });
    const { tone, text } = stateSentence(state(), it, 0, accounts);
    assert.equal(tone, "warn");
    assert.match(text, /^Wrong time: the clock of MySQL is 90 seconds behind\./);
  });

  const front = (home: number, machine: string, clockAheadMs: number) =>
    ({ role: "front", home, machine, pid: 40 + home, seenAtMs: now, clockAheadMs }) as FleetMember;
  const sentence = (members: readonly FleetMember[], wrongClocks: Survey["wrongClocks"] = []) => {
    const fronts = { ...survey(0).fronts, members };
    return output(state(), survey(0, 0, { fronts, wrongClocks }), 0);
  };

  it("the state sentence names the processes of another machine whose clock is wrong", () => {
    assert.match(sentence([front(0, "web-2", 1_900)]), /^good: All is well/);
    assert.match(
      sentence([front(0, "web-1", 0), front(3, "web-2", 7_200_000)]),
      /^warn: Wrong time: the clock of the front of home 3 on web-2 \(process 43\) is 2 hours ahead\. /,
    );
    const seven = Array.from({ length: 7 }, (_, home) => front(home, "web-2", -5_000));
    assert.match(sentence(seven), /\(process 44\) is 5 seconds behind, and 2 more\. /);
  });

  it("the state sentence names a wrong machine once, and not each process on it", () => {
    const own = [{ clock: machineClock, aheadMs: 9_000 }];
    assert.match(
      sentence([front(0, "web-1", 9_000)], own),
      /^warn: Wrong time: the clock of this machine is 9 seconds ahead\. /,
    );
  });
});

describe("the state sentence about MySQL", () => {
  it("the state sentence says for an hour that MySQL went back", () => {
    const sentence = (minutesAgo: number) => {
      const lastAtMs = now - minutesAgo * 60_000;
      return output(
        state(),
        survey(2, 500, { setbacks: { count: 1, lastAtMs, restore: undefined } }),
        5,
      );
    };
    assert.match(
      sentence(2),
      /^bad: MySQL went back to an earlier state 2 minutes ago\. .*2 slots/,
    );
    assert.match(sentence(61), /^good/);
  });

  it("the state sentence says for an hour which backup was restored, and which polls are gone", () => {
    const fromMs = Date.UTC(2026, 10, 27, 3, 0, 0);
    const sentence = (minutesAgo: number, slugs: readonly string[]) => {
      const gone = slugs.map((slug, i) => ({
        id: i as PollId,
        slug: slug as Slug,
        question: "?",
        accepted: 12,
      }));
      const restore = { atMs: now - minutesAgo * 60_000, fromMs, gone };
      return output(state(), survey(0, 0, { setbacks: { count: 1, lastAtMs: now, restore } }), 5);
    };
    assert.match(
      sentence(2, ["birds", "bees"]),
      /^bad: The backup of 2026-11-27 03:00:00 UTC was restored 2 minutes ago\. .*: birds \(12\), bees \(12\)\. /,
    );
    assert.match(sentence(2, [..."abcdefg"]), /e \(12\), and 2 more\./);
    assert.doesNotMatch(sentence(2, []), /gone/);
    assert.doesNotMatch(sentence(61, []), /restored/);
  });
});

describe("the state sentence about memory", () => {
  const output = (change: Partial<typeof memory>, holdsQueues = true) => {
    const name = "m:1";
    const it = servers([{ name, holdsQueues, memory: { ...memory, ...change }, lanes: [] }]);
    const { tone, text } = stateSentence(state(), it, 0, accounts);
    return `${tone}: ${text}`;
  };

  it("the state sentence is bad when a queue server evicts or may evict", () => {
    assert.match(
      output({ evictions: 3, mayEvict: true }),
      /^bad: memcached at m:1 has evicted items/,
    );
    assert.match(output({ mayEvict: true }), /^bad: memcached at m:1 runs without -M/);
    assert.match(output({ usedBytes: 60e6 }), /^warn: memcached at m:1 is nearly full\./);
  });

  it("the state sentence ignores evictions on servers without queues", () => {
    assert.match(output({ evictions: 3, mayEvict: true }, false), /^good: All is well/);
  });
});
