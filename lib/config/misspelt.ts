/**
 * Finds environment variables that are most likely misspelt settings, so that `FLOODGATE_QUEUE_COPYS=2` stops the start
 * instead of silently meaning one copy of every vote.
 *
 * A variable with our prefix is always ours. A variable with one of the shared prefixes may belong to another program,
 * so it counts as misspelt only if it is close to a setting that is not set.
 */
import { knownVariables } from "./settings.ts";

const ours = "FLOODGATE";
const ourPrefix = `${ours}_`;
const editsInPrefixMax = 2;

/** First words that our settings share with the variables of other programs. */
const sharedPrefixes = [
  "QUEUE_",
  "FLUSH_",
  "WORKER_",
  "FRONT_",
  "KICKSTART_",
  "MEMCACHED_",
  "DATABASE_",
  "PUBLIC_",
];

/** One letter in three may be wrong, and at least one. */
const editsMax = (name: string): number => Math.max(1, Math.floor(name.length / 3));

/** What Kubernetes and container links set for a service called `floodgate`, `worker` or `memcached`. */
const serviceLink = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP)(?:_\w+)?$/;
const serviceAddress = /^(?:tcp|udp):\/\//;

/** One sentence for each variable that looks like a misspelt setting. */
export function misspeltSettings(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([variable, value = ""]) => {
    if (knownVariables.has(variable)) return [];
    if (serviceLink.test(variable) || serviceAddress.test(value)) return [];
    const name = variable.toUpperCase();
    if (isOurs(name)) return [sentence(variable, nearest(withoutFirstWord(name), allNames))];
    const prefix = sharedPrefixes.find(each => name.startsWith(each));
    if (prefix === undefined) return [];
    const setting = nearest(name.slice(prefix.length), namesAfter(prefix));
    return setting === undefined || env[setting] !== undefined ? [] : [sentence(variable, setting)];
  });
}

const sentence = (variable: string, setting: string | undefined): string =>
  `${variable} is not a setting; ${setting === undefined ? "see docs/configuration.md" : `did you mean ${setting}?`}`;

const isOurs = (name: string): boolean => {
  const [firstWord = ""] = name.split("_", 1);
  return name.includes("_") && edits(firstWord, ours) <= editsInPrefixMax;
};

const withoutFirstWord = (name: string): string => name.slice(name.indexOf("_") + 1);

/** Settings by their names without our prefix. */
const allNames = new Map(
  [...knownVariables].map(setting => [setting.replace(ourPrefix, ""), setting] as const),
);

/** Settings by what follows a shared prefix. */
const namesAfter = (prefix: string): Map<string, string> =>
  new Map(
    [...allNames]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, setting]) => [name.slice(prefix.length), setting]),
  );

function nearest(name: string, settings: ReadonlyMap<string, string>): string | undefined {
  const [best] = [...settings]
    .map(([each, setting]) => ({ setting, wrong: edits(name, each), allowed: editsMax(each) }))
    .filter(({ wrong, allowed }) => wrong <= allowed)
    .sort((a, b) => a.wrong - b.wrong);
  return best?.setting;
}

/** Levenshtein distance: the fewest insertions, deletions and substitutions that turn `from` into `to`. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
