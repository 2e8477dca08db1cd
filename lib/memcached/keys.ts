/**
 * Every memcached key of this product: how it is built, how long it lives, which process writes it. No other module
 * builds a key.
 *
 * Invariant: a key is 1 … 200 bytes of `[A-Za-z0-9_.:-]`. memcached answers a key of over 250 bytes with an error *and
 * closes the connection*, so every call in flight on it fails. Blanks and line ends pass the binary protocol and break
 * programs that read the same server in the text protocol. Text of users gets into a key only as a slug, whose alphabet
 * is narrower still.
 *
 * Invariant: `{poll}` is a poll key, never the number of a poll, which may be given twice.
 *
 * | key                     | holds                              | lives until            | written by |
 * |-------------------------|------------------------------------|------------------------|------------|
 * | `q:{queue}:e`           | epoch                              | the server forgets     | front      |
 * | `q:{queue}:l:{epoch}`   | lock (a counter; answer 1: held)   | 2 s, or its release    | front      |
 * | `q:{queue}:p:{epoch}`   | pointer: newest slot's number      | the server forgets     | front      |
 * | `q:{queue}:s:{epoch}:n` | slot n: one batch of ballots       | its flush is committed | front      |
 * | `q:{queue}:c:{epoch}`   | checkpoint: newest slot committed  | the server forgets     | worker     |
 * | `t:{poll}:{part}`       | tally: votes of one option, or another measure | the server forgets     | front      |
 * | `t:{poll}:b`            | tally: ballots                     | the server forgets     | front      |
 * | `t:{poll}:v`            | version of the results             | the server forgets     | front      |
 * | `t:{poll}:i`            | instant-runoff of a ranked poll    | the server forgets     | worker     |
 * | `t:{poll}:r`            | a process is rebuilding this tally | 10 s                   | front, worker |
 * | `t:{poll}:s`            | number of ballots in MySQL         | the server forgets     | worker     |
 * | `ac:{producer}:{poll}`  | number of ballots that one run of a front accepted | 7 days                 | front      |
 * | `m:{poll}:{voter}`      | ballot-once mark                   | poll's end + 1 day     | front      |
 * | `mr`, `mr2`             | progress of restoring lost marks   | the server forgets     | worker     |
 * | `sl`                    | the lists of servers               | the server forgets     | worker     |
 * | `p:{slug}`              | published poll, or "no such poll"  | the server forgets     | front, worker |
 * | `pl`                    | the list of listed polls           | the server forgets     | front, worker |
 * | `p`                     | the same, for fronts of release 0.2.0 | the server forgets  | front, worker |
 * | `fs:{slug}`             | the slug that a renamed poll has now, or "none" | 1 min     | front      |
 * | `pv`                    | number of publications             | the server forgets     | front, worker |
 * | `g`                     | MySQL's generation that the publications are of | the server forgets     | worker     |
 * | `f`                     | fleet record: the running processes | 60 s                  | front, worker |
 * | `a:{digest}`            | attempts to sign in                | its window             | front      |
 */
import type { Epoch, PollKey, QueueName, SlotNumber, Slug, VoterKey } from "../model/ids.ts";

declare const brand: unique symbol;
/** A memcached key that `keys.ts` built. */
export type Key = string & { readonly [brand]: "Key" };

const keyPattern = /^[A-Za-z0-9_.:-]{1,200}$/;

/**
 * Checks the alphabet and length of a key, and brands it.
 *
 * @throws RangeError on anything else: a programmer's error, never a user's.
 */
function key(text: string): Key {
  if (!keyPattern.test(text)) throw new RangeError(`not a memcached key: ${JSON.stringify(text)}`);
  return text as Key;
}

export const epochKey = (queue: QueueName): Key => key(`q:${queue}:e`);
export const lockKey = (queue: QueueName, epoch: Epoch): Key => key(`q:${queue}:l:${epoch}`);
export const pointerKey = (queue: QueueName, epoch: Epoch): Key => key(`q:${queue}:p:${epoch}`);
export const checkpointKey = (queue: QueueName, epoch: Epoch): Key => key(`q:${queue}:c:${epoch}`);
export const slotKey = (queue: QueueName, epoch: Epoch, slot: SlotNumber): Key =>
  key(`q:${queue}:s:${epoch}:${slot}`);

export const tallyKey = (poll: PollKey, part: number | "b" | "i" | "v" | "r" | "s"): Key =>
  key(`t:${poll}:${part}`);

export const acceptedKey = (producer: Buffer, poll: PollKey): Key =>
  key(`ac:${producer.toString("hex")}:${poll}`);

export const markKey = (poll: PollKey, voter: VoterKey): Key =>
  key(`m:${poll}:${Buffer.from(voter, "hex").toString("base64url")}`);

/** What the keys of all marks begin with. */
export const markKeyPrefix = "m:";

/** The poll key and the voter of a mark's key; `undefined` for any other key. */
export function parseMarkKey(
  text: string,
): { readonly pollKey: PollKey; readonly voter: VoterKey } | undefined {
  const [, poll, voter] = /^m:(\d+):([\w-]+)$/.exec(text) ?? [];
  if (poll === undefined || voter === undefined) return undefined;
  const hex = Buffer.from(voter, "base64url").toString("hex");
  return { pollKey: poll as PollKey, voter: hex as VoterKey };
}

/** For even and for odd versions of the list of servers: while it changes, marks are restored by two lists. */
export const marksRestoredKeys: readonly [Key, Key] = [key("mr2"), key("mr")];
export const serverListsKey: Key = key("sl");

/** The poll key of a tally's key; `undefined` for any other key. */
export function parseTallyKey(text: string): PollKey | undefined {
  const [, poll] = /^t:(\d+):/.exec(text) ?? [];
  return poll === undefined ? undefined : (poll as PollKey);
}

/** What the keys of all published polls begin with. */
export const publishedKeyPrefix = "p:";

export const publishedKey = (slug: Slug): Key => key(`${publishedKeyPrefix}${slug}`);

/** The slug of a published poll's key. */
export const publishedSlug = (text: string): Slug => text.slice(publishedKeyPrefix.length) as Slug;

/** @param slug - one that no poll has now. */
export const formerSlugKey = (slug: Slug): Key => key(`fs:${slug}`);

export const generationKey: Key = key("g");
export const listedKey: Key = key("pl");
/** The list as release 0.2.0 reads it. */
export const earlierListedKey: Key = key("p");
export const publicationsKey: Key = key("pv");
export const fleetKey: Key = key("f");
/** @param digest - in base64url, so that the key does not reveal whose attempts it counts. */
export const attemptsKey = (digest: string): Key => key(`a:${digest}`);
