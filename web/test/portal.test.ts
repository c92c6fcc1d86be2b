import { describe, expect, it } from "vitest";
import { parseLink } from "../src/console/link.ts";
import { readOrder, tellings } from "../src/console/portal.ts";

describe("what a portal says", () => {
  it.each([
    [{ type: "oriel:hello" }, { what: "hello" }],
    [{ type: "oriel:focus", more: 1 }, { what: "focus" }],
    [{ type: "oriel:disconnect" }, { what: "disconnect" }],
    [
      { type: "oriel:keys", keys: ["ControlLeft", "KeyC"] },
      { what: "keys", chord: { modifiers: ["ControlLeft"], code: "KeyC" } },
    ],
    [
      { type: "oriel:keys", keys: ["MetaLeft"] },
      { what: "keys", chord: { modifiers: ["MetaLeft"], code: null } },
    ],
  ])("is read: %j", (said, order) => {
    expect(readOrder(said)).toEqual(order);
  });

  it.each([
    null,
    "oriel:hello",
    7,
    [],
    {},
    { type: "hello" },
    { type: "oriel:keys" },
    { type: "oriel:keys", keys: [] },
    { type: "oriel:keys", keys: ["KeyA", 7] },
    { type: "oriel:keys", keys: "KeyA" },
    { type: "oriel:keys", keys: ["KeyA", "KeyB"] },
    { type: "oriel:keys", keys: ["NoSuchKey"] },
    { type: "oriel:keys", keys: ["ControlLeft", "constructor"] },
  ])("is passed over: %j", (said) => {
    expect(readOrder(said)).toBeNull();
  });
});

describe("what a portal is told", () => {
  const server = { id: "1", name: "web" };

  it("is the state, with the server", () => {
    expect(tellings({ phase: "connecting", step: "link", server: null })).toEqual([
      { type: "oriel:state", state: "connecting", server: null },
    ]);
  });

  it("is the reason for an end, in words too", () => {
    const ended = { phase: "ended", end: { reason: "idle" }, wasConnected: true, server } as const;
    expect(tellings(ended)).toEqual([
      { type: "oriel:state", state: "ended", server },
      { type: "oriel:ended", reason: "idle", message: expect.stringMatching(/\S/) },
    ]);
  });
});

describe("a link", () => {
  it.each([
    ["?token=t&view_only=1", true],
    ["?token=t&view_only=true", true],
    ["?token=t&view_only=0", false],
    ["?token=t", false],
  ])("may ask to look on only: %s", (query, viewOnly) => {
    const link = parseLink(new URL(query, "https://host:8002/vnc.auto.html"));
    expect(link.viewOnly).toBe(viewOnly);
  });
});
