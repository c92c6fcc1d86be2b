import { signal } from "@preact/signals";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Clipboard, fits, sizeOf } from "../src/console/clipboard.ts";
import type { Connection } from "../src/console/connection.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a text for the guest's clipboard", () => {
  it("is measured as it travels", () => {
    expect(sizeOf("")).toBe(1);
    expect(sizeOf("ä\n\r\n")).toBe(2 + 2 + 2 + 1);
  });

  it("has to fit into a message", () => {
    expect(fits("x".repeat(3000), 4096)).toBe(true);
    expect(fits("x".repeat(4096), 4096)).toBe(false);
    expect(fits("漢".repeat(2000), 4096)).toBe(false);
  });
});

describe("a text that was copied in the guest", () => {
  const put = vi.fn();
  const clipboard = () => new Clipboard(signal({ putClipboard: put } as unknown as Connection));

  it.each([
    ["lets", true, () => Promise.resolve()],
    ["does not let", false, () => Promise.reject(new Error("NotAllowedError"))],
  ])("is there where the browser %s the page write it", async (_how, written, writeText) => {
    vi.stubGlobal("navigator", { clipboard: { writeText } });
    const ours = clipboard();
    await ours.receive("text");
    expect(ours.copied.value).toEqual({ text: "text", written });
  });

  it("is there where the browser has no clipboard for pages", async () => {
    vi.stubGlobal("navigator", {});
    const ours = clipboard();
    await ours.receive("text");
    expect(ours.copied.value).toEqual({ text: "text", written: false });
  });

  it("is none where the guest tells back what it was given", async () => {
    const ours = clipboard();
    ours.put("own");
    expect(put).toHaveBeenCalledWith("own");
    await ours.receive("own");
    expect(ours.copied.value).toBeNull();
  });
});
