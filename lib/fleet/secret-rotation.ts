/**
 * Rotation of FLOODGATE_SECRET: which secret new polls get, and whether this process knows the secrets of all polls.
 *
 * A poll keeps the secret that it was created with, so that a retry is the same voter, whichever front it reaches and
 * whatever has been restarted. While fronts are restarted with a new secret, new polls get the newest one that all of
 * them know.
 */
import type { Log } from "../base/log.ts";
import { ConfigError } from "../config/config.ts";
import { variableOf } from "../config/settings.ts";
import type { Store } from "../store/database.ts";
import { type ComparedSettings, settingsOfFronts } from "../store/fleet-processes.ts";
import { noteSecret } from "../store/poll-changes.ts";
import { type PollsOfSecret, secretsInUse } from "../store/polls.ts";
import type { SecretSettings } from "../voters/voter-secrets.ts";
import { digestsOf, secretsOf } from "./compared-settings.ts";

/** The newest of `own` that all fronts know; the oldest when there is none. Pure. @param own - newest first. */
export function newestShared(own: readonly string[], fronts: readonly ComparedSettings[]): string {
  const known = fronts.map(secretsOf).filter(secrets => secrets.length > 0);
  const shared = own.find(digest => known.every(secrets => secrets.includes(digest)));
  return shared ?? own.at(-1) ?? "";
}

/**
 * The digest of the secret for new polls and new sessions of editors. Costs one query while previous secrets are set.
 *
 * @throws StoreFailure.
 */
export async function sharedSecret(store: Store, settings: SecretSettings): Promise<string> {
  const own = digestsOf(settings);
  return newestShared(own, own.length > 1 ? await settingsOfFronts(store) : []);
}

/** Polls that are not final and whose secret is not among `own`. Pure. */
export function withUnknownSecret(
  polls: readonly PollsOfSecret[],
  own: readonly string[],
): readonly PollsOfSecret[] {
  return polls.filter(({ digest }) => digest !== null && !own.includes(digest));
}

/**
 * Before a front serves: notes the secret of polls from before secrets were noted, and compares the secrets that polls
 * need with those that this process knows. It serves without a secret that no front has, and takes no votes for the
 * polls that need it.
 *
 * @throws ConfigError when another front has a secret that polls need, and this process does not; StoreFailure.
 */
export async function checkPollSecrets(
  store: Store,
  settings: SecretSettings,
  log: Log,
  nowMs: number,
): Promise<void> {
  const own = digestsOf(settings);
  await noteSecret(store, own.at(-1) ?? "", nowMs);
  const unknown = withUnknownSecret(await secretsInUse(store), own);
  if (unknown.length === 0) return;
  const elsewhere = new Set((await settingsOfFronts(store)).flatMap(secretsOf));
  const needed = unknown.find(({ digest }) => elsewhere.has(digest ?? ""));
  if (needed) throw new ConfigError([sentenceOf(needed)]);
  for (const { polls, slug } of unknown) log.error({ event: "poll_secret_unknown", polls, slug });
}

function sentenceOf({ polls, slug }: PollsOfSecret): string {
  const [secret, previous] = [variableOf("secret"), variableOf("previousSecrets")];
  const which = polls === 1 ? `the poll "${slug}" needs` : `${polls} polls, like "${slug}", need`;
  return `${which} a secret that is neither in ${secret} nor in ${previous} here, and other fronts have it; add it to ${previous}.`;
}
