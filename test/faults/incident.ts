/**
 * One fault under load: two fresh polls, readers that vote, the fault, then healing, draining and the
 * verdict. A run whose fault left no evidence is *vacuous*, and fails like a broken promise (`suite.ts` runs it again
 * when the machine stood still in the moment of the fault).
 */
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll } from "#test/support/ledger.ts";
import { mulberry32 } from "#test/support/random.ts";
import type { Process, Site } from "#test/support/site.ts";
import { check, isClean, type Verdict } from "./checker.ts";
import { Clients } from "./clients.ts";
import type { History } from "./history.ts";
import { Inspector, patiently } from "./quiescent.ts";
import { StallWatch } from "./stall-watch.ts";

/** A fault. */
export interface Fault {
  readonly name: string;
  /** Causes the fault, at moments drawn from the incident's random numbers. `heal` undoes it. */
  readonly inject: (incident: Incident) => Promise<void>;
  /** Every front that lives through it goes on acknowledging votes, with pauses of less than this. */
  readonly stallMsMax?: number;
  /** It takes its full time in the first round of the long run already. */
  readonly isLong?: boolean;
  /** Undoes what is not undone after every fault anyhow. */
  readonly heal?: (incident: Incident) => Promise<void>;
}

/** What is known of one run. */
export interface Report extends Verdict {
  readonly fault: string;
  readonly seed: number;
  /** What showed that the fault took effect, and how often. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** The longest pause of a front, where it is measured. */
  readonly stallMs: number | undefined;
  readonly unanswered: number;
  /** Everything that was not as it should be, in words; empty when the run is good. */
  readonly complaints: readonly string[];
  /** All that was not as it should be: the fault took no effect, so the run proves nothing. */
  readonly isVacuous: boolean;
}

export interface RunOptions {
  readonly seed: number;
  /** 1 for the short run; faults that take time take this many times as long. */
  readonly scale: number;
  /** How long the site may make no progress before it is quiescent. */
  readonly quiescentMsMax?: number;
  /** Where histories of bad runs are kept. */
  readonly historyDirectory?: string;
}

const connections = 16;
const quiescentMsDefault = 40 * SECOND;
/** A front under load takes its time; what it leaves undone then, clients send again. */
const stopMsMax = SECOND;
/** Ballots are to be on their way before, and to come afterwards. */
const leadMs = 400;
/** Where stalls are measured: what is back may be in the way, as long as a lock's lease. */
const aftermathMs = 2_500;

export class Incident {
  readonly site: Site;
  readonly inspector: Inspector;
  readonly random: () => number;
  readonly scale: number;
  readonly evidence: Record<string, number> = {};
  /** Processes that fail at a named point, and are started afresh afterwards. */
  readonly tainted = new Set<Process>();
  polls: readonly string[] = [];
  clients!: Clients;

  constructor(site: Site, options: RunOptions) {
    this.site = site;
    this.inspector = new Inspector(site);
    this.random = mulberry32(options.seed);
    this.scale = options.scale;
  }

  get history(): History {
    return this.clients.history;
  }

  /** Notes a sign that the fault took effect. */
  noteEvidence(what: string, times = 1): void {
    if (times > 0) this.evidence[what] = (this.evidence[what] ?? 0) + times;
  }

  /** How often a program of ours has logged an event; its output is kept to the last 64 kB. */
  logged(event: string): number {
    return [...this.site.fronts, ...this.site.workers].reduce(
      (sum, { child }) => sum + child.output.split(`"event":"${event}"`).length - 1,
      0,
    );
  }

  between(min: number, max: number): number {
    return min + this.random() * (max - min);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.random() * from.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  /** Waits for a random time. */
  async pause(minMs: number, maxMs: number): Promise<void> {
    await sleep(this.between(minMs, maxMs));
  }

  /** Starts a process again so that it fails at a named point, and resolves when it has. */
  async failAt(process: Process, point: string, withinMs = 15 * SECOND): Promise<void> {
    const isFront = this.site.fronts.includes(process);
    this.tainted.add(process);
    await process.child.stop(stopMsMax);
    const env = { FAULT: point };
    const restarted = isFront
      ? this.site.restartFront(process, env)
      : this.site.restartWorker(process, env);
    await restarted.catch(error => {
      // A front takes votes before its pages are there, so it may have reached the point already.
      if (!process.child.output.includes("fault: ")) throw error;
    });
    await waitUntil(`${point} to be reached`, () => process.child.output.includes("fault: "), {
      withinMs,
    });
    const [, , pauseMs] = point.split(":");
    if (pauseMs === undefined) await process.child.exit();
    // The process is dead or waking up; no further fault is planned for it.
    this.tainted.delete(process);
    this.noteEvidence(point.split(":")[0] ?? point);
  }
}

/** Runs one fault and judges it. Rejects only when the test itself is broken. */
export async function runFault(site: Site, fault: Fault, options: RunOptions): Promise<Report> {
  const incident = new Incident(site, options);
  const complaints: string[] = [];
  incident.polls = [await createPoll(site), await createPoll(site)];
  const clients = new Clients({
    fronts: () => site.fronts.map(({ port }) => port),
    polls: incident.polls,
    seed: options.seed,
    connections,
  });
  incident.clients = clients;
  const watch = fault.stallMsMax === undefined ? undefined : new StallWatch(site);
  clients.start();
  await incident.pause(leadMs / 2, leadMs);
  watch?.begin();
  await fault.inject(incident).catch(error => complaints.push(`injecting: ${error.message}`));
  await fault.heal?.(incident);
  await heal(incident);
  await sleep(watch ? aftermathMs : leadMs);
  const stallMs = await watch?.end(clients.acknowledged);
  await clients.stop();
  const { verdict, quiescent } = await settle(
    incident,
    options.quiescentMsMax ?? quiescentMsDefault,
  );
  complaints.push(...complaintsOf(incident, verdict));
  if (stallMs !== undefined && stallMs >= (fault.stallMsMax ?? 0)) {
    complaints.push(`voting stalled for ${stallMs} ms`);
  }
  if (!quiescent) complaints.push("never became quiescent");
  const vacuous = vacuousIn(incident, verdict);
  if (complaints.length + vacuous.length > 0 && options.historyDirectory) {
    clients.history.save(`${options.historyDirectory}/${fault.name}-${options.seed}.jsonl`);
  }
  return {
    ...verdict,
    fault: fault.name,
    seed: options.seed,
    evidence: incident.evidence,
    slowestMs: Math.round(clients.history.slowestMs),
    stallMs,
    unanswered: clients.history.count("info"),
    complaints: [...complaints, ...vacuous],
    isVacuous: complaints.length === 0 && vacuous.length > 0,
  };
}

/** Every process up and running, every connection whole. */
async function heal({ site, tainted }: Incident): Promise<void> {
  for (const proxy of [...site.proxies.memcached, site.proxies.database]) proxy?.heal();
  const programs = [...site.fronts, ...site.workers];
  for (const { child } of [...programs, ...site.memcached, site.database]) child.signal("SIGCONT");
  for (const [index, { child }] of site.memcached.entries()) {
    if (child.ended !== undefined) await site.restartMemcached(index);
  }
  if (site.database.child.ended !== undefined) await site.restartDatabase();
  for (const process of tainted) await process.child.stop(stopMsMax);
  for (const front of site.fronts) {
    if (front.child.ended !== undefined) await site.restartFront(front);
  }
  for (const worker of site.workers) {
    if (worker.child.ended !== undefined) await site.restartWorker(worker);
  }
}

/**
 * Waits until the books balance, and stay so; gives the last verdict when they never do. A backlog that gets smaller
 * takes as long as it takes: what the machine does besides is not the site's.
 */
async function settle({ inspector, polls, history }: Incident, quiescentMsMax: number) {
  let until = monotonicMs() + quiescentMsMax;
  let fewestLost = Number.POSITIVE_INFINITY;
  let verdict: Verdict | undefined;
  let quiescent = false;
  for (let good = 0; good < 2 && monotonicMs() < until; await sleep(250)) {
    await patiently(async () => {
      quiescent = await inspector.isQuiescent();
      verdict = check(history.events, await inspector.books(polls));
      good = quiescent && isClean(verdict) ? good + 1 : 0;
      if (verdict.lost.length >= fewestLost) return;
      fewestLost = verdict.lost.length;
      until = monotonicMs() + quiescentMsMax;
    });
  }
  verdict ??= check(history.events, await inspector.books(polls));
  return { verdict, quiescent };
}

function complaintsOf({ site, history }: Incident, verdict: Verdict): string[] {
  const say = (what: string, list: readonly unknown[]) =>
    list.length > 0 ? [`${list.length} ${what}: ${list.slice(0, 5).map(String).join("; ")}`] : [];
  const bugs = [...site.fronts, ...site.workers]
    .map(({ child }) => /.*(uncaught|unhandled).*/i.exec(child.output)?.[0])
    .filter(line => line !== undefined);
  return [
    ...say("lost", verdict.lost),
    ...say("duplicated", verdict.duplicated),
    ...say("unexpected", verdict.unexpected),
    ...say("displaced", verdict.displaced),
    ...say("contradicted", verdict.contradicted),
    ...say("inexact", verdict.inexact),
    ...(verdict.doubleCounted > 0 ? [`${verdict.doubleCounted} double counted`] : []),
    ...say(
      "answers with an unexpected status",
      history.oddAnswers.map(({ status }) => status),
    ),
    ...say("crashes", bugs),
  ];
}

function vacuousIn({ evidence }: Incident, verdict: Verdict): string[] {
  return [
    ...(Object.keys(evidence).length === 0 ? ["vacuous: the fault left no evidence"] : []),
    ...(verdict.acknowledged === 0 ? ["vacuous: nothing was acknowledged"] : []),
  ];
}
