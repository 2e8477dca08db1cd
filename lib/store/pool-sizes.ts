/** Connections to MySQL that each kind of process may open: here once, for the pools and for `npm run doctor`. */
export const poolSizes = {
  /** A serving process or the pages process: editors, and results while memcached is away. */
  front: 10,
  /** The same processes: votes that go straight into MySQL. */
  frontDirect: 3,
  worker: 5,
} as const;
