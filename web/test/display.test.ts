import { describe, expect, it } from "vitest";
import { encodingName, Meter } from "../src/console/display/meter.ts";
import { levelsOf, suiting } from "../src/console/display/quality.ts";
import { crispScale, layoutFor, pinched, scaleOf, stepFrom } from "../src/console/display/zoom.ts";
import { fileName } from "../src/console/screenshot.ts";
import { readKept } from "../src/console/view/state.ts";

const text = { width: 720, height: 400 };
const window_ = { width: 1280, height: 760 };

describe("a picture that fits", () => {
  it("fills its place", () => {
    expect(layoutFor("fit", text, window_, 1)).toEqual({ size: null, crisp: false });
    expect(scaleOf("fit", text, window_, 1)).toBeCloseTo(1280 / 720);
  });

  it("is a little smaller where that makes it sharp", () => {
    const place = { width: 1500, height: 900 };
    expect(layoutFor("fit", text, place, 1)).toEqual({
      size: { width: 1440, height: 800 },
      crisp: true,
    });
    // Nearly a quarter would be lost.
    expect(layoutFor("fit", text, { width: 1000, height: 700 }, 1).crisp).toBe(false);
    // A screen with more pixels loses less.
    const dense = layoutFor("fit", text, { width: 1000, height: 700 }, 3);
    expect(dense.crisp).toBe(true);
    expect(dense.size?.width).toBeCloseTo(960);
  });

  it("is never sharp where it is larger than its place", () => {
    const large = { width: 3840, height: 2160 };
    expect(layoutFor("fit", large, window_, 1)).toEqual({ size: null, crisp: false });
  });

  it("may be of nothing", () => {
    expect(layoutFor(1, { width: 0, height: 0 }, window_, 1).size).toBeNull();
  });
});

describe("an actual size", () => {
  it.each([
    [1, 1, 1],
    [1, 2, 1],
    [1, 1.25, 0.8],
    [1, 1.5, 4 / 3],
    [2, 1.5, 2],
    [1, 3, 1],
  ])("of %d at %d pixels to one is %d", (zoom, density, scale) => {
    expect(crispScale(zoom, density)).toBeCloseTo(scale);
    expect(layoutFor(zoom, text, window_, density).crisp).toBe(true);
  });

  it("goes up and down by steps, and stays at the last", () => {
    expect(stepFrom(1, 1)).toBe(1.5);
    expect(stepFrom(1.78, -1)).toBe(1.5);
    expect(stepFrom(1.78, 1)).toBe(2);
    expect(stepFrom(4, 1)).toBe(4);
    expect(stepFrom(0.1, -1)).toBe(0.25);
  });

  it("follows two fingers, no further than fits and than can be used", () => {
    expect(pinched(0.5, 2, 0.5)).toBe(1);
    expect(pinched(1, 0.1, 0.5)).toBe("fit");
    expect(pinched(3, 9, 0.5)).toBe(4);
  });
});

describe("the quality for a line", () => {
  const line = (roundTrip: number | null, leastRoundTrip: number | null, peakRate: number) => ({
    roundTrip,
    leastRoundTrip,
    peakRate,
  });

  it.each([
    ["nothing is known", line(null, null, 0), "balanced", "balanced"],
    ["nothing is known but that it is quick", line(null, null, 9e6), "balanced", "best"],
    ["it is near", line(3, 2, 0), "balanced", "best"],
    ["it is far and quick", line(200, 180, 9e6), "balanced", "best"],
    ["it is far", line(200, 180, 1e5), "best", "balanced"],
    ["it is full", line(600, 40, 2e6), "best", "balanced"],
    ["it is full of little", line(900, 40, 1e5), "balanced", "saving"],
    ["it was full of little", line(45, 40, 1e5), "saving", "balanced"],
    ["it was full of little and is far", line(200, 180, 1e5), "saving", "saving"],
    ["it is between two kinds", line(60, 50, 1e5), "best", "best"],
  ] as const)("where %s", (_what, seen, before, after) => {
    expect(suiting(seen, before)).toBe(after);
  });

  it("asks for more compression where there is less room", () => {
    expect(levelsOf("saving").compression).toBeGreaterThan(levelsOf("best").compression);
    expect(levelsOf("saving").quality).toBeLessThan(levelsOf("best").quality);
  });
});

describe("a meter", () => {
  const counts = (received: number, updates: number, tight = 0, raw = 0) => ({
    received,
    sent: 0,
    updates,
    rectangles: new Map([
      [7, tight],
      [0, raw],
    ]),
  });

  it("tells what happened in between", () => {
    const meter = new Meter();
    expect(meter.read(counts(1000, 1, 3), 0)).toMatchObject({ received: 0, encoding: 7 });
    expect(meter.read(counts(3000, 5, 3, 9), 2000)).toEqual({
      received: 1000,
      sent: 0,
      updates: 2,
      encoding: 0,
    });
    // What was used last is in use until another is.
    expect(meter.read(counts(3000, 5, 3, 9), 3000).encoding).toBe(0);
    expect(meter.peak).toBe(1000);
    expect(meter.read(counts(3000, 5, 3, 9), 3000).received).toBe(0);
  });

  it("names encodings", () => {
    expect([7, -260, 77].map(encodingName)).toEqual(["Tight", "Tight PNG", "77"]);
  });
});

describe("a screenshot's file", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5);

  it.each([
    ["web-1", "web-1-2026-01-02-030405.png"],
    ["../../etc/passwd", "etc-passwd-2026-01-02-030405.png"],
    ["Büro <1>", "Büro-1-2026-01-02-030405.png"],
    ["服务器", "服务器-2026-01-02-030405.png"],
    ["", "console-2026-01-02-030405.png"],
  ])("of %j is %s", (server, name) => {
    expect(fileName(server, at)).toBe(name);
  });
});

describe("what a browser has kept of the view", () => {
  const first = { actualSize: false, matching: false, quality: "auto" };

  it.each([null, "", "null", "7", "{", '{"quality":"worst","matching":"yes"}'])("%j", (stored) => {
    expect(readKept(stored)).toEqual(first);
  });

  it("is as it was left", () => {
    const kept = { actualSize: true, matching: true, quality: "saving" };
    expect(readKept(JSON.stringify(kept))).toEqual(kept);
  });
});
