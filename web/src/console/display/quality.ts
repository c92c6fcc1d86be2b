/** What a person may choose: what is best for the line as it is, or one of the three. */
export const qualities = ["auto", "best", "balanced", "saving"] as const;

export type Quality = (typeof qualities)[number];

/** What a server is asked for. It may have no use for it: QEMU compresses without loss unless told otherwise. */
export interface Levels {
  /** Of JPEG, from 0 to 9 (rfbproto, JPEG quality level pseudo-encoding). */
  quality: number;
  /** From 0 to 9, the best, which costs the server the most (compression level pseudo-encoding). */
  compression: number;
}

const levels: Record<Exclude<Quality, "auto">, Levels> = {
  best: { quality: 9, compression: 1 },
  balanced: { quality: 6, compression: 2 },
  saving: { quality: 2, compression: 9 },
};

/** What was seen of the line lately. */
export interface Line {
  /** Milliseconds that a message to the browser and back takes; null while it is not known. */
  roundTrip: number | null;
  /** The least of them, on a line that carries nothing else. */
  leastRoundTrip: number | null;
  /** The most bytes that arrived in a second, of late. */
  peakRate: number;
}

const nearMs = 25;
const farMs = 150;
/** How much longer an answer takes on a line that is full. */
const fullMs = 120;
const slow = 250_000;
const quick = 4_000_000;

/**
 * What suits the line. `before` stays where the line is between two kinds, so that it does not go to and fro. Each
 * change has the server draw anew what is shown.
 */
export function suiting(line: Line, before: Exclude<Quality, "auto">): Exclude<Quality, "auto"> {
  const { roundTrip, leastRoundTrip, peakRate } = line;
  if (roundTrip === null || leastRoundTrip === null) {
    return peakRate > quick ? "best" : before;
  }
  const full = roundTrip - leastRoundTrip > fullMs;
  if (full && peakRate < slow) {
    return "saving";
  }
  if (full) {
    return "balanced";
  }
  if (leastRoundTrip < nearMs || peakRate > quick) {
    return "best";
  }
  if (leastRoundTrip > farMs) {
    return before === "saving" ? "saving" : "balanced";
  }
  return before === "saving" ? "balanced" : before;
}

export function levelsOf(quality: Exclude<Quality, "auto">): Levels {
  return levels[quality];
}
