import { describe, expect, it } from "vitest";
import {
  type Access,
  initialState,
  type SessionEvent,
  type State,
  transition,
} from "../src/console/session.ts";

const server = { id: "1", name: "web-1" };

const access: Access = {
  server,
  type: "novnc",
  consoles: [{ type: "novnc", canBreak: false }],
  role: "owner",
  rights: { clipboardToServer: true, clipboardToClient: true, maxClipboard: 1 << 20 },
  typing: null,
  reconnectMs: 60_000,
};

const accepted: SessionEvent = { type: "link-accepted", access };
const ready: SessionEvent = { type: "screen-ready" };
const drawn: SessionEvent = { type: "picture-drawn" };
const lost: SessionEvent = { type: "ended", end: { reason: "back-end-lost" }, now: 1000 };
const closed: SessionEvent = { type: "ended", end: { reason: "client-closed" }, now: 1000 };
const retry: SessionEvent = { type: "retry" };

const stateAfter = (...events: SessionEvent[]): State => events.reduce(transition, initialState);

describe("a session", () => {
  it("starts by checking the link", () => {
    expect(stateAfter()).toEqual({ phase: "connecting", step: "link", server: null });
  });

  it("goes by way of the screen and the first picture to connected", () => {
    expect(stateAfter(accepted)).toEqual({ phase: "connecting", step: "screen", server, access });
    expect(stateAfter(accepted, ready)).toEqual({
      phase: "connecting",
      step: "picture",
      server,
      access,
    });
    expect(stateAfter(accepted, ready, drawn)).toEqual({ phase: "connected", server, access });
  });

  it.each([
    ["while checking the link", [], { server: null, wasConnected: false }],
    ["while connecting", [accepted], { server, wasConnected: false }],
    ["while waiting for the picture", [accepted, ready], { server, wasConnected: false }],
    ["once connected", [accepted, ready, drawn], { server, wasConnected: true }],
  ])("can end %s", (_when, events, rest) => {
    expect(stateAfter(...events, closed)).toEqual({
      phase: "ended",
      end: { reason: "client-closed" },
      ...rest,
    });
  });

  it("keeps the first reason", () => {
    const first: SessionEvent = { type: "ended", end: { reason: "token-used" }, now: 1000 };
    expect(stateAfter(first, lost)).toEqual(stateAfter(first));
  });

  it("starts over on retry and remembers the server", () => {
    expect(stateAfter(accepted, ready, drawn, closed, retry)).toEqual({
      phase: "connecting",
      step: "link",
      server,
    });
    expect(stateAfter(accepted, lost, retry, accepted, ready, drawn).phase).toBe("connected");
  });

  it.each([
    ["a picture ahead of the screen", stateAfter(accepted), drawn],
    ["a screen ahead of the link", stateAfter(), ready],
    ["a second answer to the link", stateAfter(accepted), accepted],
    ["a retry of a live session", stateAfter(accepted, ready, drawn), retry],
    ["a retry while connecting", stateAfter(accepted), retry],
    ["a picture after the end", stateAfter(lost), drawn],
  ])("is not moved by %s", (_what, state, event) => {
    expect(transition(state, event)).toBe(state);
  });
});

describe("a console that broke", () => {
  const broken = stateAfter(accepted, ready, drawn, lost);
  const then = (state: State, ...events: SessionEvent[]) => events.reduce(transition, state);
  const failed = (now: number): SessionEvent => ({
    type: "ended",
    end: { reason: "back-end-unreachable" },
    now,
  });

  it("waits for the next try, and remembers since when", () => {
    expect(broken).toEqual({
      phase: "resuming",
      step: "waiting",
      server,
      access,
      end: { reason: "back-end-lost" },
      failed: 0,
      since: 1000,
    });
  });

  it("comes back by the steps of a console that is opened", () => {
    const steps = [retry, accepted, ready].map((_, at, all) =>
      then(broken, ...all.slice(0, at + 1)),
    );
    expect(steps.map((state) => "step" in state && state.step)).toEqual([
      "link",
      "screen",
      "picture",
    ]);
    expect(then(broken, retry, accepted, ready, drawn)).toEqual({
      phase: "connected",
      server,
      access,
    });
  });

  it("counts its tries until its time is over", () => {
    const twice = then(broken, retry, failed(2000), retry, accepted, failed(3000));
    expect(twice).toMatchObject({ phase: "resuming", step: "waiting", failed: 2 });
    expect(then(twice, retry, failed(61_000))).toMatchObject({
      phase: "ended",
      end: { reason: "back-end-unreachable" },
      wasConnected: true,
    });
  });

  it.each(["taken-over", "idle", "server-gone", "token-expired", "too-many-of-user"] as const)(
    "stays ended after %s, at once and on a try",
    (reason) => {
      const decided: SessionEvent = { type: "ended", end: { reason }, now: 2000 };
      expect(stateAfter(accepted, ready, drawn, decided)).toMatchObject({ phase: "ended" });
      expect(then(broken, retry, decided)).toMatchObject({ phase: "ended", end: { reason } });
    },
  );

  it("stays ended where the gateway gives no time for it", () => {
    const none: SessionEvent = { type: "link-accepted", access: { ...access, reconnectMs: 0 } };
    expect(stateAfter(none, ready, drawn, lost)).toMatchObject({ phase: "ended" });
  });

  it("does not begin a second try beside the first", () => {
    const trying = then(broken, retry);
    expect(transition(trying, retry)).toBe(trying);
  });
});

describe("an end that is told in full", () => {
  const at = new Date(0);
  const full: SessionEvent = { type: "end-told", end: { reason: "taken-over", by: "bob", at } };
  const taken: SessionEvent = { type: "ended", end: { reason: "taken-over" }, now: 1000 };

  it("may come after the close code", () => {
    expect(stateAfter(accepted, ready, drawn, taken, full)).toMatchObject({
      phase: "ended",
      end: { reason: "taken-over", by: "bob", at },
    });
  });

  it("of another reason changes nothing", () => {
    const state = stateAfter(accepted, ready, drawn, closed);
    expect(transition(state, full)).toBe(state);
  });
});
