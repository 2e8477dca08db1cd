/** Lists of numbers, portions of lists, and grouping. Pure. */

/** Whole numbers from `first` to `last`, both included; none when `last` is smaller. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Consecutive portions of at most `size` items. */
export function portions<T>(items: readonly T[], size: number): T[][] {
  return range(1, Math.ceil(items.length / size)).map(number =>
    items.slice((number - 1) * size, number * size),
  );
}

/** Items by key, in one pass; the order of items within a group is kept. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
