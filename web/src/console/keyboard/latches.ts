import { type Modifier, modifiers } from "./keys.ts";

/** How a modifier on the screen is held: not at all, until the next key, or until it is pressed again. */
export type Latch = "off" | "once" | "locked";

export type Latches = Readonly<Record<Modifier, Latch>>;

export const noLatches: Latches = {
  ControlLeft: "off",
  ShiftLeft: "off",
  AltLeft: "off",
  AltRight: "off",
  MetaLeft: "off",
};

/** How soon the second of two presses makes them a double one, in milliseconds. */
const doublePressMs = 400;

/** How a modifier is held after a press, so long after the press before. */
export function afterPress(latch: Latch, sinceLast: number): Latch {
  switch (latch) {
    case "off":
      return "once";
    case "once":
      return sinceLast < doublePressMs ? "locked" : "off";
    case "locked":
      return "off";
  }
}

/** What is left once another key was struck. */
export function afterKey(latches: Latches): Latches {
  return { ...latches, ...Object.fromEntries(heldOnce(latches).map((code) => [code, "off"])) };
}

export function held(latches: Latches): Modifier[] {
  return modifiers.filter((code) => latches[code] !== "off");
}

export function heldOnce(latches: Latches): Modifier[] {
  return modifiers.filter((code) => latches[code] === "once");
}
