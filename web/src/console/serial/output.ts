/** What may wait to be shown, in bytes. Beyond it the oldest is left out. */
const mostWaiting = 1 << 20;
/** How much of the newest is kept then. */
const keptWaiting = 256 << 10;
/** How much is handed on at once, in bytes: a few milliseconds of a terminal's work. */
const pieceLength = 64 << 10;

const newline = 10;

/** What is shown next: output, how many bytes of it are left out, or the place that was to be marked. */
export type Piece = { bytes: Uint8Array } | { skipped: number } | "mark";

/**
 * Output that waits for a terminal which is slower than the line. A browser cannot hold a WebSocket back, so this is
 * where there is a bound: the newest stays, from the start of a line where there is one.
 */
export class OutputQueue {
  #waiting: Uint8Array[] = [];
  #length = 0;
  #skipped = 0;

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    if (this.#length > mostWaiting) {
      this.#cut();
    }
  }

  /** Marks the place behind what was pushed last. */
  mark(): void {
    this.#waiting.push(new Uint8Array());
  }

  /** Takes what comes next, as far as it comes in one piece. Null when nothing waits. */
  take(): Piece | null {
    if (this.#skipped > 0) {
      const skipped = this.#skipped;
      this.#skipped = 0;
      return { skipped };
    }
    const first = this.#waiting[0];
    if (first === undefined) {
      return null;
    }
    const bytes = first.subarray(0, pieceLength);
    if (bytes.length === first.length) {
      this.#waiting.shift();
    } else {
      this.#waiting[0] = first.subarray(pieceLength);
    }
    if (first.length === 0) {
      return "mark";
    }
    this.#length -= bytes.length;
    return { bytes };
  }

  #cut(): void {
    const all = joined(this.#waiting);
    const from = all.length - keptWaiting;
    const line = all.indexOf(newline, from);
    const start = line < 0 ? from : line + 1;
    this.#skipped += start;
    this.#waiting = start < all.length ? [all.subarray(start)] : [];
    this.#length = all.length - start;
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
