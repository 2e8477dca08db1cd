/**
 * Rendezvous hashing: an item's servers are those with the highest weights for it. A weight follows from the server's
 * address and the item, so the order of a list says nothing, and a server that is added or removed moves only the items
 * that it gets or had. Pure.
 *
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).
 */

/** 32 bits that stand for a text. */
export function hashOf(text: string): number {
  // FNV-1a, then mixed: similar texts must differ in all bits.
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash >>> 0);
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of `bits`. */
function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The weight of a server for an item, both as hashes. */
const weight = (server: number, item: number): number => mixed(mixed(server + item) ^ server);

/** The index of the server with the highest weight for an item; of two equal ones, the first. */
export function highest(servers: Uint32Array, item: number): number {
  let best = 0;
  let bestWeight = -1;
  for (let index = 0; index < servers.length; index++) {
    const each = weight(servers[index] as number, item);
    if (each <= bestWeight) continue;
    best = index;
    bestWeight = each;
  }
  return best;
}

/** The indexes of all servers, the one with the highest weight for an item first. */
export function ranked(servers: Uint32Array, item: number): number[] {
  const weights = Array.from(servers, server => weight(server, item));
  return [...servers.keys()].sort(
    (a, b) => (weights[b] as number) - (weights[a] as number) || a - b,
  );
}
