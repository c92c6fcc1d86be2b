/** What a console has carried since it began. */
export interface Counts {
  received: number;
  sent: number;
  /** Updates of the picture that were drawn. */
  updates: number;
  /** Rectangles of them, by the number of their encoding. */
  rectangles: ReadonlyMap<number, number>;
}

export const noCounts: Counts = { received: 0, sent: 0, updates: 0, rectangles: new Map() };

/** What happened in the last second or so. */
export interface Rates {
  received: number;
  sent: number;
  updates: number;
  /** The encoding that most rectangles had of late; null before the first. */
  encoding: number | null;
}

/** How many of the last readings count for the peak. */
const peakReadings = 15;

/** Turns counts, read every now and then, into what happened in between. */
export class Meter {
  #before: { counts: Counts; at: number } | null = null;
  #peaks: number[] = [];
  #encoding: number | null = null;

  /** `now` in milliseconds. */
  read(counts: Counts, now: number): Rates {
    const before = this.#before;
    this.#before = { counts: { ...counts, rectangles: new Map(counts.rectangles) }, at: now };
    this.#encoding =
      mostOf(counts.rectangles, before?.counts.rectangles ?? new Map()) ?? this.#encoding;
    if (before === null || now <= before.at) {
      return { received: 0, sent: 0, updates: 0, encoding: this.#encoding };
    }
    const each = (name: "received" | "sent" | "updates") =>
      ((counts[name] - before.counts[name]) * 1000) / (now - before.at);
    const rates = { received: each("received"), sent: each("sent"), updates: each("updates") };
    this.#peaks = [rates.received, ...this.#peaks].slice(0, peakReadings);
    return { ...rates, encoding: this.#encoding };
  }

  /** The most bytes a second of late. */
  get peak(): number {
    return Math.max(0, ...this.#peaks);
  }
}

function mostOf(now: ReadonlyMap<number, number>, before: ReadonlyMap<number, number>) {
  let most: { encoding: number; count: number } | null = null;
  for (const [encoding, total] of now) {
    const count = total - (before.get(encoding) ?? 0);
    if (count > (most?.count ?? 0)) {
      most = { encoding, count };
    }
  }
  return most?.encoding ?? null;
}

const encodings: Record<number, string> = {
  0: "Raw",
  1: "CopyRect",
  2: "RRE",
  5: "Hextile",
  6: "Zlib",
  7: "Tight",
  16: "ZRLE",
  21: "JPEG",
  50: "H.264",
  [-260]: "Tight PNG",
};

/** The name of an encoding (RFC 6143 section 7.7, rfbproto). */
export function encodingName(number: number): string {
  return encodings[number] ?? String(number);
}
