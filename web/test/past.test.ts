import { describe, expect, it } from "vitest";
import { PastReader, Tail } from "../src/console/serial/past.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array | null) => (part === null ? null : new TextDecoder().decode(part));

const reset = "\x1b\\\x1b[!p\x1b[0m";
const live = "\x1b]8002;live\x1b\\";

/** What a reader makes of output that comes in pieces of this length. */
function read(output: string, length: number) {
  const reader = new PastReader();
  let past: string | null = null;
  let now = "";
  const all = bytes(output);
  for (let at = 0; at < all.length; at += length) {
    const parted = reader.feed(all.subarray(at, at + length));
    past ??= text(parted.past);
    now += text(parted.live) ?? "";
  }
  return { past, now };
}

describe("the past of a line", () => {
  it.each([1, 2, 7, 1000])("is told from what is said now, in pieces of %i", (length) => {
    const output = `${reset}Booting\r\nlogin: ${live}root\r\n`;
    expect(read(output, length)).toEqual({
      past: `${reset}Booting\r\nlogin: `,
      now: "root\r\n",
    });
  });

  it("is none where the line begins with something else", () => {
    expect(read(`login: ${live}`, 3)).toEqual({ past: null, now: `login: ${live}` });
  });

  it("is none without an end, and is not waited for without an end", () => {
    const endless = reset + "x".repeat(3 << 20);
    expect(read(endless, 1 << 16)).toEqual({ past: null, now: endless });
  });
});

describe("what was shown before a connection broke", () => {
  const said = "[    0.1] a machine that boots says many things\r\n".repeat(40);

  it("is found again in the past of the next", () => {
    const tail = new Tail();
    for (let at = 0; at < said.length; at += 100) {
      tail.add(bytes(said.slice(at, at + 100)));
    }
    const past = bytes(`${reset}${said}# meanwhile\r\n`);
    expect(text(tail.continuedBy(past))).toBe("# meanwhile\r\n");
    expect(text(tail.continuedBy(bytes(reset + said)))).toBe("");
  });

  it("is not found where the past does not reach back to it, or where it is too short to know", () => {
    const tail = new Tail();
    tail.add(bytes("# "));
    expect(tail.continuedBy(bytes(`${reset}# # `))).toBeNull();
    tail.add(bytes(said));
    expect(tail.continuedBy(bytes(`${reset}Booting\r\n`))).toBeNull();
  });
});
