import { describe, expect, it } from "vitest";
import {
  type Chord,
  isEmpty,
  nameOf,
  readChords,
  remember,
  strokesOf,
} from "../src/console/keyboard/chord.ts";
import { PageKeyboard } from "../src/console/keyboard/keyboard.ts";
import { keyAt, keys } from "../src/console/keyboard/keys.ts";
import { afterPress } from "../src/console/keyboard/latches.ts";
import { editBetween, keysymOf } from "../src/console/keyboard/text.ts";

const copy: Chord = { modifiers: ["ControlLeft"], code: "KeyC" };
const terminal: Chord = { modifiers: ["AltLeft", "ControlLeft"], code: "F2" };
const win: Chord = { modifiers: ["MetaLeft"], code: null };

/** A keyboard, and what it sends: `+` down, `-` up, by place, or by meaning where there is no place. */
function keyboard() {
  const sent: string[] = [];
  const board = new PageKeyboard((keysym, code, down) => {
    sent.push(`${down ? "+" : "-"}${code ?? String.fromCodePoint(keysym & 0xff_ffff)}`);
  });
  const take = () => sent.splice(0).join(" ");
  return { board, take };
}

describe("keys", () => {
  it("have each a place of their own", () => {
    expect(new Set(keys.map(({ code }) => code)).size).toBe(keys.length);
    expect(keyAt("KeyA")).toEqual({ code: "KeyA", keysym: 0x61, legend: "A" });
    expect(keyAt("F12")?.keysym).toBe(0xffc9);
    expect(keyAt("Nowhere")).toBeNull();
  });
});

describe("a chord", () => {
  it("goes down and up again, the last first", () => {
    const strokes = strokesOf(terminal).map(({ code, down }) => (down ? "+" : "-") + code);
    expect(strokes.join(" ")).toBe("+ControlLeft +AltLeft +F2 -F2 -AltLeft -ControlLeft");
    expect(strokesOf(win)).toHaveLength(2);
  });

  it("leaves alone what is held already", () => {
    const strokes = strokesOf(terminal, ["AltLeft"]).map(({ code }) => code);
    expect(strokes).toEqual(["ControlLeft", "F2", "F2", "ControlLeft"]);
  });

  it("has a name", () => {
    expect([copy, terminal, win].map(nameOf)).toEqual(["Ctrl+C", "Ctrl+Alt+F2", "Win"]);
    expect(isEmpty({ modifiers: [], code: null })).toBe(true);
  });

  it("is remembered once, with the last in front", () => {
    const names = (chords: Chord[]) => chords.map(nameOf);
    expect(names(remember(copy, [win, copy, terminal]))).toEqual(["Ctrl+C", "Win", "Ctrl+Alt+F2"]);
    expect(names(remember(copy, [win, terminal], 2))).toEqual(["Ctrl+C", "Win"]);
  });

  it("is read from what was stored, whatever that is", () => {
    expect(readChords(JSON.stringify([copy, win]))).toEqual([copy, win]);
    for (const text of [null, "", "{", "7", '[1,null,{"modifiers":["Hyper"],"code":"KeyA"}]']) {
      expect(readChords(text)).toEqual([]);
    }
    expect(readChords('[{"modifiers":[],"code":null},{"modifiers":[],"code":"Nowhere"}]')).toEqual(
      [],
    );
  });
});

describe("a modifier on the screen", () => {
  it.each([
    ["off", Infinity, "once"],
    ["once", 200, "locked"],
    ["once", 900, "off"],
    ["locked", 200, "off"],
  ] as const)("that is %s, pressed after %d ms, is %s", (before, since, after) => {
    expect(afterPress(before, since)).toBe(after);
  });

  it("is held until the next key", () => {
    const { board, take } = keyboard();
    board.pressModifier("ControlLeft", 0);
    board.pressModifier("AltLeft", 1000);
    expect(take()).toBe("+ControlLeft +AltLeft");
    board.struck("KeyA");
    expect(take()).toBe("-AltLeft -ControlLeft");
    expect(board.latches.value.ControlLeft).toBe("off");
    board.struck("KeyA");
    expect(take()).toBe("");
  });

  it("that is locked outlives keys", () => {
    const { board, take } = keyboard();
    board.pressModifier("ControlLeft", 0);
    board.pressModifier("ControlLeft", 100);
    board.strike({ modifiers: [], code: "Delete" });
    board.struck("KeyA");
    expect(take()).toBe("+ControlLeft +Delete -Delete");
    board.release();
    expect(take()).toBe("-ControlLeft");
    expect(board.latches.value.ControlLeft).toBe("off");
  });

  it("is no double press with another", () => {
    const { board } = keyboard();
    board.pressModifier("ControlLeft", 0);
    board.pressModifier("AltLeft", 50);
    board.pressModifier("ControlLeft", 100);
    expect(board.latches.value).toMatchObject({ ControlLeft: "off", AltLeft: "once" });
  });

  it("is let go with the same key of a real keyboard, but not by other modifiers", () => {
    const { board, take } = keyboard();
    board.pressModifier("ShiftLeft", 0);
    board.struck("ControlLeft");
    expect(board.latches.value.ShiftLeft).toBe("once");
    board.struck("ShiftLeft");
    expect(board.latches.value.ShiftLeft).toBe("off");
    expect(take()).toBe("+ShiftLeft");
    expect(board.meaning(0x61)).toBe(0x61);
  });

  it("makes letters large, as Shift does", () => {
    const { board } = keyboard();
    board.pressModifier("ShiftLeft", 0);
    expect([0x61, 0x31, 0xff0d].map((keysym) => board.meaning(keysym))).toEqual([
      0x41, 0x31, 0xff0d,
    ]);
  });
});

describe("the page's keyboard", () => {
  it("strikes a letter while SysRq is held", () => {
    const { board, take } = keyboard();
    board.strikeWithin({ modifiers: ["AltLeft"], code: "PrintScreen" }, "KeyS");
    expect(take()).toBe("+AltLeft +PrintScreen +KeyS -KeyS -PrintScreen -AltLeft");
  });

  it("types by meaning, with Shift where an American keyboard needs it", () => {
    const { board, take } = keyboard();
    board.type("a?\tß\r\n");
    expect(take()).toBe("+a -a +ShiftLeft +? -? -ShiftLeft +Tab -Tab +ß -ß +Enter -Enter");
  });

  it("types with what is held", () => {
    const { board, take } = keyboard();
    board.pressModifier("ControlLeft", 0);
    board.type("cd");
    expect(take()).toBe("+ControlLeft +c -c -ControlLeft +d -d");
  });
});

describe("a text that changes", () => {
  it.each([
    ["", "a", 0, "a"],
    ["ab", "ab", 0, ""],
    ["teh", "the ", 2, "he "],
    ["abc", "", 3, ""],
    ["a😀", "a😁", 1, "😁"],
    ["ab", "xab", 2, "xab"],
  ])("from %j to %j", (before, after, erase, insert) => {
    expect(editBetween(before, after)).toEqual({ erase, insert });
  });

  it("has meanings as X11 numbers them", () => {
    expect(["a", "é", "€", "😀"].map(keysymOf)).toEqual([0x61, 0xe9, 0x0100_20ac, 0x0101_f600]);
  });
});
