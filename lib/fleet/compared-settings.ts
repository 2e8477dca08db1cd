/**
 * Settings that must be equal in all processes, compared before they do harm. A process that differs from one that
 * started before it does not serve. Pure.
 *
 * The number of homes may differ: everybody reads the queues of the highest number in the fleet record.
 */
import type { Config } from "../config/config.ts";
import { type settings, variableOf } from "../config/settings.ts";
import type { ComparedSettings, FleetMember, ProcessRole } from "../store/fleet-processes.ts";
import { KeyedHash } from "../voters/keyed-hash.ts";
import { deriveKey } from "../voters/voter-secrets.ts";

const digestBytes = 8;

type Settings = Pick<
  Config,
  "memcachedServers" | "queueServers" | "queueCopies" | "secret" | "lanes"
>;

/** The settings of a process as others compare them. A secret is a digest, from which it can't be found. */
export function comparedSettings(config: Settings, role: ProcessRole): ComparedSettings {
  const digest = new KeyedHash(deriveKey(config.secret, "fleet record")).digest(digestBytes, "");
  const values: Partial<Record<keyof typeof settings, string>> = {
    memcachedServers: listOf(config.memcachedServers),
    queueServers: listOf(config.queueServers),
    queueCopies: String(config.queueCopies),
    secret: digest.toString("hex"),
    ...(role === "front" && { lanesFile: config.lanes.digest }),
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [variableOf(key as keyof typeof settings), value]),
  );
}

const listOf = (servers: Config["memcachedServers"]): string =>
  servers.map(({ host, port }) => `${host}:${port}`).join(",");

/** Their values are not for logs and pages, or say nothing to people. */
const withoutValue = new Set([variableOf("secret"), variableOf("lanesFile")]);

/** A process that started earlier and differs. */
export interface Conflict {
  readonly member: FleetMember;
  /** What differs, between which processes, and what to do. */
  readonly sentence: string;
}

type Self = Pick<FleetMember, "id" | "settings"> & {
  /** Missing: not in the record yet, so it started last. */
  readonly startedAtMs?: number;
};

/** The first process that `self` must give way to; `undefined`: it may serve. */
export function conflictOf(self: Self, members: readonly FleetMember[]): Conflict | undefined {
  const { startedAtMs = Number.POSITIVE_INFINITY } = self;
  for (const member of members) {
    if (member.id === self.id) continue;
    if (member.startedAtMs > startedAtMs) continue;
    if (member.startedAtMs === startedAtMs && member.id > self.id) continue;
    const name = firstDifference(self.settings, member.settings);
    if (name) return { member, sentence: sentenceOf(name, self.settings, member) };
  }
  return undefined;
}

/** A setting that only one of two releases compares is left out. */
function firstDifference(own: ComparedSettings, theirs: ComparedSettings): string | undefined {
  return Object.keys(own).find(name => name in theirs && own[name] !== theirs[name]);
}

function sentenceOf(name: string, own: ComparedSettings, member: FleetMember): string {
  const values = withoutValue.has(name)
    ? "is not the same here and in"
    : `is ${own[name]} here and ${member.settings[name]} in`;
  return (
    `${name} ${values} ${describeMember(member)}, which has been running for longer; every process needs the same. ` +
    "Correct it here, or stop all processes and start them with the new value."
  );
}

/** `the front of home 3 on web-2 (process 4711)` */
export function describeMember({ role, home, machine, pid }: FleetMember): string {
  const which = role === "front" ? `front of home ${home}` : "worker";
  return `the ${which} on ${machine} (process ${pid})`;
}
