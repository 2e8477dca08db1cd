/**
 * The list of memcached and queue servers as the site agrees on it, with a version; and the change from one list to the
 * next, in steps that all processes take together. Pure.
 *
 * 1. `joining`: items are written to their servers by both lists and read by the old one. Workers fill the new servers.
 * 2. `switching`: the same, but items are read by the new list, and new batches go to its queue servers.
 * 3. `settled`: only the new list counts.
 *
 * Invariant: the next step begins only when every process has taken the last one. So two processes that are one step
 *   apart write where the other one reads.
 */

/** `by_order`: the rule of release 0.2.0, by number and the order of the list. */
export type PlacementRule = "by_order" | "rendezvous";

export interface ServerNames {
  /** Servers of tallies, marks and published polls, as `host:port`. */
  readonly memcached: readonly string[];
  readonly queues: readonly string[];
}

export interface ServerList extends ServerNames {
  readonly version: number;
  readonly rule: PlacementRule;
}

export type ChangeStep = "joining" | "switching" | "settled";

export interface ServerLists {
  /** The newest list. */
  readonly newest: ServerList;
  readonly step: ChangeStep;
  /** The list before it, until the change is settled. */
  readonly old: ServerList | undefined;
}

/** Names a step of a change, for the fleet record: `3:joining`. */
export const positionOf = ({ newest, step }: Pick<ServerLists, "newest" | "step">): string =>
  `${newest.version}:${step}`;

/** The list that items are read by. */
export const readList = ({ newest, step, old }: ServerLists): ServerList =>
  step === "joining" && old ? old : newest;

/** The other list that items are written by, while a change is under way. */
export const otherList = ({ newest, step, old }: ServerLists): ServerList | undefined =>
  step === "joining" ? old && newest : step === "switching" ? old : undefined;

/** The servers in an order that does not depend on how they are written down; each once. */
export function canonical({ memcached, queues }: ServerNames): ServerNames {
  return { memcached: [...new Set(memcached)].sort(), queues: [...new Set(queues)].sort() };
}

/** One text for the same servers, in whatever order. */
export function wishText(names: ServerNames): string {
  const { memcached, queues } = canonical(names);
  return JSON.stringify({ memcached, queues });
}

export const parseWish = (text: string): ServerNames => JSON.parse(text) as ServerNames;

/** `10.0.0.1:11211, 10.0.0.2:11211`, for people. */
export function describeServers({ memcached, queues }: ServerNames): string {
  const text = memcached.join(", ");
  return canonical({ memcached, queues }).queues.join() === [...memcached].sort().join()
    ? text
    : `${text} (queues: ${queues.join(", ")})`;
}
