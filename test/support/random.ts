/** Random numbers that can be had again: `TEST_SEED=… npm test` replays a run. */

/** The seed of this run, which each user prints, and numbers in [0, 1) drawn from it. */
export function seededRandom(): { seed: number; random: () => number } {
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  return { seed, random: mulberry32(seed) };
}

/** Source: Tommy Ettinger's public-domain generator of that name; 32 bits of state. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
