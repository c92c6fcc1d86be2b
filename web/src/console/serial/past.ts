import { joined } from "./output.ts";

const encoder = new TextEncoder();

/** What the past of a line begins with: the end of a broken sequence and a soft reset. */
const beginning = encoder.encode("\x1b\\\x1b[!p");
/** What stands at its end, for this page alone: an operating system command that terminals pass over. */
const end = encoder.encode("\x1b]8002;live\x1b\\");
/** The most that a gateway keeps of a line is 1 MiB; what is longer is no past. */
const mostPast = 2 << 20;

/** Bytes of the output at the end of what was shown, by which the next connection's past is found to go on from there. */
const tailLength = 512;
/** With fewer, any prompt would do. */
const leastTail = 32;

export interface Parted {
  /** What was said before this connection, once all of it has come. */
  past: Uint8Array | null;
  live: Uint8Array | null;
}

/** Parts the first of a connection's output, which was said before, from what is said now. */
export class PastReader {
  #held: Uint8Array[] = [];
  #done = false;

  feed(bytes: Uint8Array): Parted {
    if (this.#done) {
      return { past: null, live: bytes };
    }
    this.#held.push(bytes);
    const all = joined(this.#held);
    if (!startsAlike(all, beginning)) {
      return this.#finish(null, all);
    }
    const at = indexOf(all, end);
    if (at >= 0) {
      return this.#finish(all.subarray(0, at), all.subarray(at + end.length));
    }
    return all.length > mostPast ? this.#finish(null, all) : { past: null, live: null };
  }

  #finish(past: Uint8Array | null, live: Uint8Array): Parted {
    this.#done = true;
    this.#held = [];
    return { past, live: live.length > 0 ? live : null };
  }
}

/** The end of what was shown, whatever pieces it came in. */
export class Tail {
  #bytes = new Uint8Array();

  add(bytes: Uint8Array): void {
    this.#bytes =
      bytes.length >= tailLength
        ? bytes.slice(-tailLength)
        : joined([this.#bytes, bytes]).slice(-tailLength);
  }

  /** What of a past comes behind this; null where the past does not show it. */
  continuedBy(past: Uint8Array): Uint8Array | null {
    if (this.#bytes.length < leastTail) {
      return null;
    }
    const at = lastIndexOf(past, this.#bytes);
    return at < 0 ? null : past.subarray(at + this.#bytes.length);
  }
}

/** Whether one is the beginning of the other. */
function startsAlike(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  return a.subarray(0, length).every((byte, at) => byte === b[at]);
}

function indexOf(all: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0] ?? 0;
  for (let at = all.indexOf(first); at >= 0; at = all.indexOf(first, at + 1)) {
    if (isAt(all, wanted, at)) {
      return at;
    }
  }
  return -1;
}

function lastIndexOf(all: Uint8Array, wanted: Uint8Array): number {
  const last = wanted[wanted.length - 1] ?? 0;
  for (let at = all.lastIndexOf(last); at >= 0; at = all.lastIndexOf(last, at - 1)) {
    const start = at - wanted.length + 1;
    if (start < 0) {
      return -1;
    }
    if (isAt(all, wanted, start)) {
      return start;
    }
    if (at === 0) {
      return -1;
    }
  }
  return -1;
}

function isAt(all: Uint8Array, wanted: Uint8Array, at: number): boolean {
  return (
    at + wanted.length <= all.length && wanted.every((byte, index) => all[at + index] === byte)
  );
}
