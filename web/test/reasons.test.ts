import { describe, expect, it } from "vitest";
import {
  canRetry,
  endByCloseCode,
  endByName,
  reasons,
  resumesByItself,
} from "../src/console/reasons.ts";

const gatewayCodes = [
  [1000, "client-closed"],
  [4000, "client-lost"],
  [4001, "token-missing"],
  [4002, "token-unknown"],
  [4003, "token-expired"],
  [4004, "token-used"],
  [4005, "origin-refused"],
  [4006, "client-protocol"],
  [4007, "client-timeout"],
  [4010, "server-gone"],
  [4011, "console-gone"],
  [4012, "console-not-granted"],
  [4020, "back-end-unreachable"],
  [4021, "back-end-timeout"],
  [4022, "back-end-protocol"],
  [4023, "back-end-security"],
  [4024, "back-end-closed"],
  [4025, "back-end-lost"],
  [4030, "stopping"],
  [4031, "too-many-sessions"],
  [4032, "session-too-long"],
  [4033, "too-many-of-user"],
  [4034, "too-many-of-project"],
  [4035, "too-many-of-server"],
  [4036, "drained"],
  [4040, "idle"],
  [4041, "taken-over"],
  [4042, "server-in-use"],
  [4043, "no-session"],
  [4044, "too-many-streams"],
  [4045, "rules-unkept"],
  [4099, "internal"],
] as const;

describe("the reasons", () => {
  it("are the gateway's and three of the page's own", () => {
    const names = gatewayCodes.map(([, name]) => name);
    expect(new Set(reasons)).toEqual(
      new Set([...names, "network-lost", "spice-not-shown", "unknown"]),
    );
  });

  it.each(gatewayCodes)("have the close code %i for %s", (code, name) => {
    expect(endByCloseCode(code, "")).toEqual({ reason: name });
    expect(endByName(name)).toEqual({ reason: name });
  });
});

describe("a connection that ends", () => {
  it.each([1001, 1006])("without the gateway's word (%i) is a lost network", (code) => {
    expect(endByCloseCode(code, "")).toEqual({ reason: "network-lost" });
  });

  it("with a code of the future is unknown, and keeps what was said", () => {
    expect(endByCloseCode(4098, "on-fire")).toEqual({ reason: "unknown", detail: "4098 on-fire" });
    expect(endByCloseCode(1005, "")).toEqual({ reason: "unknown", detail: "1005" });
  });
});

describe("a refusal", () => {
  it.each(["on-fire", "toString", "__proto__", ""])("named %j is unknown", (name) => {
    expect(endByName(name)).toEqual({ reason: "unknown", detail: name });
  });
});

describe("reconnecting", () => {
  const hopeless = [
    "token-missing",
    "token-unknown",
    "token-expired",
    "token-used",
    "origin-refused",
    "server-gone",
    "back-end-security",
    "session-too-long",
    "rules-unkept",
    "console-not-granted",
    "spice-not-shown",
  ];

  it.each(reasons)("is offered after %s only where it can help", (reason) => {
    expect(canRetry(reason)).toBe(!hopeless.includes(reason));
  });
});

describe("coming back without being asked", () => {
  const heals = [
    "client-lost",
    "client-timeout",
    "console-gone",
    "back-end-unreachable",
    "back-end-timeout",
    "back-end-closed",
    "back-end-lost",
    "stopping",
    "too-many-sessions",
    "drained",
    "internal",
    "network-lost",
  ];

  it.each(reasons)("follows %s only where no person has to decide", (reason) => {
    expect(resumesByItself(reason)).toBe(heals.includes(reason));
  });
});
