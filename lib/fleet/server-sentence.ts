/** Which servers the site uses, which change is under way, and which process it waits for; for people. Pure. */
import {
  canonical,
  describeServers,
  parseWish,
  positionOf,
  type ServerLists,
  wishText,
} from "../model/server-list.ts";
import type { FleetMember } from "../store/fleet-processes.ts";
import { describeMember } from "./compared-settings.ts";

/** `The servers are 10.0.0.1:11211, 10.0.0.2:11211.` */
export function serversText({ newest }: ServerLists): string {
  const rule = newest.rule === "by_order" ? ", placed by their order" : "";
  return `The servers are ${describeServers(canonical(newest))} (list ${newest.version}${rule}).`;
}

/** `undefined`: no change is under way, and all processes that run wish the servers that are used. */
export function changeText(
  lists: ServerLists,
  members: readonly FleetMember[],
): string | undefined {
  const { newest, step, old } = lists;
  if (step !== "settled") {
    const from = old ? `${describeServers(canonical(old))} to ` : "";
    const change = `The servers change from ${from}${describeServers(canonical(newest))} (list ${newest.version}, ${step}).`;
    const late = members.find(({ serverStep }) => serverStep !== positionOf(lists));
    return late ? `${change} This waits for ${describeMember(late)}.` : change;
  }
  const other = members.find(
    ({ serverWish }) => serverWish !== undefined && serverWish !== wishText(newest),
  );
  if (other?.serverWish === undefined) return undefined;
  return (
    `${serversText(lists)} The settings of ${describeMember(other)} name ${describeServers(parseWish(other.serverWish))}: ` +
    "when all processes name the same servers, the change begins by itself."
  );
}
