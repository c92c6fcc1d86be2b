import { describe, expect, it } from "vitest";
import { waitBeforeTry } from "../src/console/backoff.ts";

describe("the wait before a try", () => {
  it("doubles from half a second to ten", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 1000].map((failed) => waitBeforeTry(failed, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it("is somewhat at random, so that pages do not all come at once", () => {
    expect(waitBeforeTry(1, () => 0)).toBe(500);
    expect(waitBeforeTry(1, () => 0.5)).toBe(750);
  });
});
