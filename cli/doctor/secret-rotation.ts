/** Whether FLOODGATE_SECRET is being rotated, and which polls need which secret. Judging is a pure function. */
import { plural } from "#lib/base/human-readable.ts";
import { describeMember, digestsOf, secretsOf } from "#lib/fleet/compared-settings.ts";
import { withUnknownSecret } from "#lib/fleet/secret-rotation.ts";
import type { Database } from "#lib/store/database.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import { type PollsOfSecret, secretsInUse } from "#lib/store/polls.ts";
import type { SecretSettings } from "#lib/voters/voter-secrets.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";

const about = "rotation";
const section = "rotate-the-secret";

/** One query. @throws StoreFailure. */
export async function checkRotation(
  db: Database,
  settings: SecretSettings,
  members: readonly FleetMember[],
): Promise<Finding[]> {
  return judgeRotation(digestsOf(settings), members, await secretsInUse(db));
}

/** @param own - the digests of the secrets in the settings, newest first. */
export function judgeRotation(
  own: readonly string[],
  members: readonly FleetMember[],
  polls: readonly PollsOfSecret[],
): Finding[] {
  const unknown = withUnknownSecret(polls, own).map(({ polls: count, slug }) =>
    wrong(
      about,
      section,
      `${plural(count, "poll")} that ${count === 1 ? "is" : "are"} not final, like "${slug}", need${count === 1 ? "s" : ""} a secret that is not in these settings: fronts without it take no votes there`,
      "Add that secret to FLOODGATE_PREVIOUS_SECRETS of every front, or close the polls.",
    ),
  );
  if (unknown.length > 0 || own.length < 2) return unknown;
  const fronts = members.filter(({ role }) => role === "front");
  const [newest = ""] = own;
  const behind = fronts.filter(({ settings }) => !secretsOf(settings).includes(newest));
  if (behind.length > 0) {
    const says = `${plural(own.length, "secret")} known, and a rotation is under way: ${behind.map(describeMember).join(", ")} does not know the new one, so new polls get the previous one`;
    return [warn(about, section, says, "Restart the others with the new secret as well.")];
  }
  const needed = polls.filter(({ digest }) => digest !== newest);
  const says = `${plural(own.length, "secret")} known; every front knows the new one`;
  if (needed.length === 0) {
    const todo = "Take the previous ones out of FLOODGATE_PREVIOUS_SECRETS.";
    return [warn(about, section, `${says}, and no poll needs a previous one`, todo)];
  }
  const count = needed.reduce((sum, each) => sum + each.polls, 0);
  const example = needed.map(({ slug }) => `"${slug}"`).join(", ");
  return [
    ok(about, `${says}; ${plural(count, "poll")}, like ${example}, still need a previous one`),
  ];
}
