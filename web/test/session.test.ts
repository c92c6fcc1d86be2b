import { describe, expect, it } from "vitest";
import { initialState, type SessionEvent, type State, transition } from "../src/session.ts";

const server = { id: "1", name: "web-1" };

const accepted: SessionEvent = { type: "link-accepted", server };
const ready: SessionEvent = { type: "screen-ready" };
const drawn: SessionEvent = { type: "picture-drawn" };
const lost: SessionEvent = { type: "ended", end: { reason: "back-end-lost" } };
const retry: SessionEvent = { type: "retry" };

const stateAfter = (...events: SessionEvent[]): State => events.reduce(transition, initialState);

describe("a session", () => {
  it("starts by checking the link", () => {
    expect(stateAfter()).toEqual({ phase: "connecting", step: "link", server: null });
  });

  it("goes by way of the screen and the first picture to connected", () => {
    expect(stateAfter(accepted)).toEqual({ phase: "connecting", step: "screen", server });
    expect(stateAfter(accepted, ready)).toEqual({ phase: "connecting", step: "picture", server });
    expect(stateAfter(accepted, ready, drawn)).toEqual({ phase: "connected", server });
  });

  it.each([
    ["while checking the link", [], { server: null, wasConnected: false }],
    ["while connecting", [accepted], { server, wasConnected: false }],
    ["while waiting for the picture", [accepted, ready], { server, wasConnected: false }],
    ["once connected", [accepted, ready, drawn], { server, wasConnected: true }],
  ])("can end %s", (_when, events, rest) => {
    expect(stateAfter(...events, lost)).toEqual({
      phase: "ended",
      end: { reason: "back-end-lost" },
      ...rest,
    });
  });

  it("keeps the first reason", () => {
    const first: SessionEvent = { type: "ended", end: { reason: "token-used" } };
    expect(stateAfter(first, lost)).toEqual(stateAfter(first));
  });

  it("starts over on retry and remembers the server", () => {
    expect(stateAfter(accepted, ready, drawn, lost, retry)).toEqual({
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
