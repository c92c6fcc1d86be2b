/** A key of a keyboard: where it is, and what it means. A server that takes places looks at nothing else. */
export interface Key {
  /** The place, by the name that browsers have for it (UI Events, `KeyboardEvent.code`). */
  code: string;
  /** The meaning, as X11 numbers it: for servers that take no places. On letters, the one without Shift. */
  keysym: number;
  /** What stands on it on an American keyboard. */
  legend: string;
}

const modifierKeys = [
  { code: "ControlLeft", keysym: 0xffe3, legend: "Ctrl" },
  { code: "ShiftLeft", keysym: 0xffe1, legend: "Shift" },
  { code: "AltLeft", keysym: 0xffe9, legend: "Alt" },
  { code: "AltRight", keysym: 0xfe03, legend: "AltGr" },
  { code: "MetaLeft", keysym: 0xffeb, legend: "Win" },
] as const satisfies readonly Key[];

export type Modifier = (typeof modifierKeys)[number]["code"];

/** In the order in which they are pressed. */
export const modifiers: readonly Modifier[] = modifierKeys.map(({ code }) => code);

export const functionKeys: readonly Key[] = Array.from({ length: 12 }, (_, index) => ({
  code: `F${index + 1}`,
  keysym: 0xffbe + index,
  legend: `F${index + 1}`,
}));

const letters: readonly Key[] = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (legend) => ({
  code: `Key${legend}`,
  keysym: legend.toLowerCase().charCodeAt(0),
  legend,
}));

const digits: readonly Key[] = Array.from("0123456789", (legend) => ({
  code: `Digit${legend}`,
  keysym: legend.charCodeAt(0),
  legend,
}));

const signs: readonly Key[] = [
  ["Backquote", "`"],
  ["Minus", "-"],
  ["Equal", "="],
  ["BracketLeft", "["],
  ["BracketRight", "]"],
  ["Backslash", "\\"],
  ["Semicolon", ";"],
  ["Quote", "'"],
  ["Comma", ","],
  ["Period", "."],
  ["Slash", "/"],
].map(([code = "", legend = ""]) => ({ code, keysym: legend.charCodeAt(0), legend }));

const namedKeys: readonly Key[] = [
  { code: "Escape", keysym: 0xff1b, legend: "Esc" },
  { code: "Tab", keysym: 0xff09, legend: "Tab" },
  { code: "Enter", keysym: 0xff0d, legend: "Enter" },
  { code: "Space", keysym: 0x20, legend: "Space" },
  { code: "Backspace", keysym: 0xff08, legend: "Bksp" },
  { code: "Delete", keysym: 0xffff, legend: "Del" },
  { code: "Insert", keysym: 0xff63, legend: "Ins" },
  { code: "Home", keysym: 0xff50, legend: "Home" },
  { code: "End", keysym: 0xff57, legend: "End" },
  { code: "PageUp", keysym: 0xff55, legend: "PgUp" },
  { code: "PageDown", keysym: 0xff56, legend: "PgDn" },
  { code: "ArrowLeft", keysym: 0xff51, legend: "←" },
  { code: "ArrowUp", keysym: 0xff52, legend: "↑" },
  { code: "ArrowDown", keysym: 0xff54, legend: "↓" },
  { code: "ArrowRight", keysym: 0xff53, legend: "→" },
  { code: "PrintScreen", keysym: 0xff61, legend: "PrtSc" },
  { code: "Pause", keysym: 0xff13, legend: "Pause" },
  { code: "ContextMenu", keysym: 0xff67, legend: "Menu" },
  { code: "CapsLock", keysym: 0xffe5, legend: "Caps Lock" },
  { code: "NumLock", keysym: 0xff7f, legend: "Num Lock" },
  { code: "ScrollLock", keysym: 0xff14, legend: "Scroll Lock" },
];

/** All keys but modifiers, as a list of them is best read. */
export const keys: readonly Key[] = [
  ...namedKeys,
  ...functionKeys,
  ...letters,
  ...digits,
  ...signs,
];

const byCode = new Map<string, Key>([...keys, ...modifierKeys].map((key) => [key.code, key]));

/** The key at a place. Null where the page knows none. */
export function keyAt(code: string): Key | null {
  return byCode.get(code) ?? null;
}

export function isModifier(code: string): code is Modifier {
  return modifierKeys.some((key) => key.code === code);
}

/** What stands on the key at a place. */
export function legendOf(code: string): string {
  return keyAt(code)?.legend ?? code;
}
