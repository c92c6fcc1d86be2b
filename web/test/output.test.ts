import { describe, expect, it } from "vitest";
import { joined, OutputQueue } from "../src/console/serial/output.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (parts: Uint8Array[]) => new TextDecoder().decode(joined(parts));

/** Takes all that waits: the output, what was left out of it, and the marks. */
function drain(queue: OutputQueue) {
  const shown: Uint8Array[] = [];
  const skipped: number[] = [];
  const marks: number[] = [];
  for (let piece = queue.take(); piece !== null; piece = queue.take()) {
    if (piece === "mark") {
      marks.push(joined(shown).length);
    } else if ("skipped" in piece) {
      skipped.push(piece.skipped);
    } else {
      expect(piece.bytes.length).toBeLessThanOrEqual(64 * 1024);
      shown.push(piece.bytes);
    }
  }
  return { shown: text(shown), skipped, marks };
}

describe("output that waits for the terminal", () => {
  it("comes in order, and long pieces in parts", () => {
    const queue = new OutputQueue();
    const long = "0123456789abcdef\n".repeat(20_000);
    queue.push(bytes("login: "));
    queue.push(bytes(long));
    expect(drain(queue)).toEqual({ shown: `login: ${long}`, skipped: [], marks: [] });
    expect(queue.take()).toBeNull();
  });

  it("is marked where it was to be", () => {
    const queue = new OutputQueue();
    queue.push(bytes("before"));
    queue.mark();
    queue.push(bytes("after"));
    expect(drain(queue)).toEqual({ shown: "beforeafter", skipped: [], marks: [6] });
  });

  it("never is more than a terminal can be given: the newest stays, from the start of a line", () => {
    const queue = new OutputQueue();
    const line = "the quick brown fox jumps over the lazy dog\n";
    const all = line.repeat(200_000);
    for (let at = 0; at < all.length; at += 50_000) {
      queue.push(bytes(all.slice(at, at + 50_000)));
    }
    const { shown, skipped } = drain(queue);
    expect(shown.length).toBeLessThanOrEqual(1 << 20);
    expect(shown.length).toBeGreaterThan(200_000);
    expect(all.endsWith(shown)).toBe(true);
    expect(shown.startsWith(line)).toBe(true);
    expect(skipped).toEqual([all.length - shown.length]);
  });

  it("is cut anywhere where it has no lines", () => {
    const queue = new OutputQueue();
    queue.push(new Uint8Array(3 << 20).fill(120));
    const { shown, skipped } = drain(queue);
    expect([shown.length, skipped]).toEqual([256 << 10, [(3 << 20) - (256 << 10)]]);
  });
});
