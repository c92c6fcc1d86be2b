const firstMs = 500;
const longestMs = 10_000;

/**
 * How long to wait before the next try, after so many that failed: twice as long each time, and somewhat at random, so
 * that the pages of a gateway that stopped do not all come back at once.
 */
export function waitBeforeTry(failed: number, random: () => number = Math.random): number {
  const longest = Math.min(longestMs, firstMs * 2 ** Math.min(failed, 10));
  return longest * (0.5 + random() / 2);
}
