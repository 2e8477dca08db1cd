/** The fleet record: which processes run, and whether they fit together. Judging is a pure function. */
import { duration, plural } from "#lib/base/human-readable.ts";
import type { Config } from "#lib/config/config.ts";
import { comparedSettings, conflictOf, describeMember } from "#lib/fleet/compared-settings.ts";
import type { FleetRecord } from "#lib/fleet/fleet-record.ts";
import { heldMs, heldTooLongMs } from "#lib/fleet/held-votes.ts";
import { changeText, serversText } from "#lib/fleet/server-sentence.ts";
import { isClockWrong } from "#lib/fleet/site-clock.ts";
import type { ServerLists } from "#lib/model/server-list.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";

const about = "fleet";

/** Reads and judges it. Two queries, and one read of each memcached server. @throws StoreFailure. */
export async function checkFleet(fleet: FleetRecord, config: Config): Promise<Finding[]> {
  await fleet.refresh();
  const { members } = fleet;
  const here =
    conflictOf({ id: "", settings: comparedSettings(config, "front") }, members) ??
    (await fleet.conflictOfDatabase(""));
  return [
    ...judgeFleet(members),
    ...judgeServers(fleet.agreed.lists, members),
    ...(here
      ? [wrong(about, "processes-differ", here.sentence, "These are the settings of this command.")]
      : []),
  ];
}

/** The list of servers, and the change that is under way. */
export function judgeServers(lists: ServerLists, members: readonly FleetMember[]): Finding[] {
  const change = changeText(lists, members);
  if (!change) return [ok(about, serversText(lists))];
  return [warn(about, "the-servers-change", change, "It goes on by itself; see the runbook.")];
}

export function judgeFleet(members: readonly FleetMember[]): Finding[] {
  const found = [
    ...members.flatMap(member => judgeMember(member, members)),
    ...sharedHomes(members),
  ];
  const versions = [...new Set(members.map(({ version }) => version))];
  const count = (wanted: string) => members.filter(({ role }) => role === wanted).length;
  const running = `${plural(count("front"), "front")}, ${plural(count("worker"), "worker")}`;
  if (found.length > 0) return found;
  const list = members.map(describeMember).join(", ");
  return [
    ok(
      about,
      `${running}${versions.length > 0 ? `, version ${versions.join(" and ")}` : ""}${list ? `: ${list}` : ""}`,
    ),
  ];
}

function judgeMember(member: FleetMember, members: readonly FleetMember[]): Finding[] {
  const found: Finding[] = [];
  const conflict = conflictOf(member, members);
  if (conflict) {
    const says = `${describeMember(member)} differs: ${conflict.sentence}`;
    found.push(wrong(about, "processes-differ", says, "It ends by itself within seconds."));
  }
  const { clockAheadMs } = member;
  if (isClockWrong(clockAheadMs)) {
    const by = `${duration(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? "ahead" : "behind"}`;
    const says = `the clock of ${describeMember(member)} is ${by}`;
    found.push(wrong(about, "clocks-differ", says, "Set it by NTP: `timedatectl set-ntp true`."));
  }
  if (heldMs(member) > heldTooLongMs) {
    const says = `${describeMember(member)} has held votes for ${duration(heldMs(member))} that no worker has stored`;
    found.push(wrong(about, "votes-are-not-stored", says, "Start a worker, or see its log."));
  }
  return found;
}

/** Two fronts at one home wait for each other's lock. */
function sharedHomes(members: readonly FleetMember[]): Finding[] {
  const fronts = members.filter(({ role }) => role === "front");
  return fronts.flatMap((front, index) => {
    const other = fronts.slice(0, index).find(({ home }) => home === front.home);
    if (!other) return [];
    const says = `${describeMember(front)} and ${describeMember(other)} share a home, and wait for each other's locks`;
    const todo =
      "Give each machine a FLOODGATE_QUEUE_FIRST_HOME of its own, and set FLOODGATE_QUEUE_HOMES to the number of all front processes.";
    return [warn(about, "processes-differ", says, todo)];
  });
}
