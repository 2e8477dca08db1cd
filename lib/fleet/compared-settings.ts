/**
 * Settings that must be equal in all processes, compared before they do harm. A process that differs from one that
 * started before it does not serve. Pure.
 *
 * The number of homes may differ: everybody reads the queues of the highest number in the fleet record.
 */
import type { Config } from "../config/config.ts";
import { addressText } from "../config/setting-types.ts";
import { type settings, variableOf } from "../config/settings.ts";
import type { ComparedSettings, FleetMember, ProcessRole } from "../store/fleet-processes.ts";
import { type SecretSettings, secretDigest } from "../voters/voter-secrets.ts";

type Settings = SecretSettings &
  Pick<Config, "memcachedServers" | "queueServers" | "queueCopies" | "lanes">;

/** The settings of a process as others compare them. A secret is a digest, from which it can't be found. */
export function comparedSettings(config: Settings, role: ProcessRole): ComparedSettings {
  const values: Partial<Record<keyof typeof settings, string>> = {
    memcachedServers: listOf(config.memcachedServers),
    queueServers: listOf(config.queueServers),
    queueCopies: String(config.queueCopies),
    secret: digestsOf(config).join(","),
    ...(role === "front" && { lanesFile: config.lanes.digest }),
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [variableOf(key as keyof typeof settings), value]),
  );
}

/** The digests of a process's secrets, newest first. */
export function digestsOf({ secret, previousSecrets }: SecretSettings): string[] {
  return [secret, ...previousSecrets].map(secretDigest);
}

const secretName = variableOf("secret");
const databaseName = variableOf("databaseUrl");

/** Which database a process uses, whatever address it has there. */
export function databaseSetting(siteId: string): ComparedSettings {
  return { [databaseName]: siteId };
}

/** The digests of another process's secrets, newest first. */
export function secretsOf(settings: ComparedSettings): readonly string[] {
  return settings[secretName]?.split(",") ?? [];
}

/** While secrets rotate, processes need not know the same ones; they need one in common. */
function haveSecretInCommon(own: ComparedSettings, theirs: ComparedSettings): boolean {
  const known = secretsOf(theirs);
  return secretsOf(own).some(digest => known.includes(digest));
}

const listOf = (servers: Config["memcachedServers"]): string => servers.map(addressText).join(",");

/** The servers that a process serves with, as releases that know of no agreed list compare them. */
export const listsOf = (servers: { readonly memcached: string; readonly queues: string }) => ({
  [variableOf("memcachedServers")]: servers.memcached,
  [variableOf("queueServers")]: servers.queues,
});

/** Processes that know of the agreed list may wish different ones. */
const wishes = new Set([variableOf("memcachedServers"), variableOf("queueServers")]);

/** Their values are not for logs and pages, or say nothing to people. */
const withoutValue = new Set([secretName, variableOf("lanesFile")]);

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
    const name = firstDifference(self.settings, member);
    if (name) return { member, sentence: sentenceOf(name, self.settings, member) };
  }
  return undefined;
}

/** A setting that only one of two releases compares is left out. */
function firstDifference(
  own: ComparedSettings,
  { settings: theirs, serverWish }: Pick<FleetMember, "settings" | "serverWish">,
): string | undefined {
  return Object.keys(own).find(name => {
    if (!(name in theirs) || own[name] === theirs[name]) return false;
    if (serverWish !== undefined && wishes.has(name)) return false;
    return name !== secretName || !haveSecretInCommon(own, theirs);
  });
}

function sentenceOf(name: string, own: ComparedSettings, member: FleetMember): string {
  const here = own[name];
  const there = member.settings[name];
  const usual = withoutValue.has(name)
    ? "is not the same here and in"
    : `is ${here} here and ${there} in`;
  const values = name === databaseName ? "leads to another database here than in" : usual;
  const remedy =
    name === secretName
      ? `Correct it here, or rotate it: name the old one in ${variableOf("previousSecrets")}.`
      : "Correct it here, or stop all processes and start them with the new value.";
  return `${name} ${values} ${describeMember(member)}, which has been running for longer; every process needs the same. ${remedy}`;
}

/** `the front of home 3 on web-2 (process 4711)` */
export function describeMember({ role, home, machine, pid }: FleetMember): string {
  const which = role === "front" ? `front of home ${home}` : "worker";
  return `the ${which} on ${machine} (process ${pid})`;
}
