/** @jsxImportSource hono/jsx */
/** The running fronts and workers on the worker's page, from the fleet record. */
import { SECOND } from "#lib/base/clock.ts";
import { duration } from "#lib/base/human-readable.ts";
import { heldMs, heldTooLongMs } from "#lib/fleet/held-votes.ts";
import { isClockWrong } from "#lib/fleet/site-clock.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";

export function ProcessesTable({
  members,
  nowMs,
}: {
  readonly members: readonly FleetMember[];
  readonly nowMs: number;
}) {
  if (members.length === 0) return <p class="soft">Not read from MySQL yet.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {["Process", "Home", "Running for", "Holds votes for", "Clock"].map(name => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {members.map(member => (
            <tr>
              <th scope="row">
                {member.role} {member.pid}{" "}
                <span class="soft">
                  {member.machine}, {member.version}
                </span>
              </th>
              <td>{member.home ?? ""}</td>
              <td>{duration(Math.max(0, nowMs - member.startedAtMs))}</td>
              <td class={heldMs(member) > heldTooLongMs ? "bad" : undefined}>
                {heldMs(member) < SECOND ? "" : duration(heldMs(member))}
              </td>
              <td class={isClockWrong(member.clockAheadMs) ? "bad" : undefined}>
                {clockText(member.clockAheadMs)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function clockText(aheadMs: number): string {
  if (!isClockWrong(aheadMs)) return "right";
  return `${duration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}`;
}
