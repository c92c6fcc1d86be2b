/** What keys mean, as X11 numbers it, by their places (`KeyboardEvent.code`), for those that a chord may need. */
const keysyms: Record<string, number> = {
  ControlLeft: 0xffe3,
  ControlRight: 0xffe4,
  ShiftLeft: 0xffe1,
  ShiftRight: 0xffe2,
  AltLeft: 0xffe9,
  AltRight: 0xfe03,
  MetaLeft: 0xffeb,
  MetaRight: 0xffec,
  Escape: 0xff1b,
  Tab: 0xff09,
  Enter: 0xff0d,
  Space: 0x20,
  Backspace: 0xff08,
  Delete: 0xffff,
  Insert: 0xff63,
  Home: 0xff50,
  End: 0xff57,
  PageUp: 0xff55,
  PageDown: 0xff56,
  ArrowLeft: 0xff51,
  ArrowUp: 0xff52,
  ArrowRight: 0xff53,
  ArrowDown: 0xff54,
  PrintScreen: 0xff61,
  Pause: 0xff13,
};

/** The meaning of the key at a place; null: none is known. */
export function keysymAt(code: string): number | null {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) {
    return letter.toLowerCase().charCodeAt(0);
  }
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (digit !== undefined) {
    return digit.charCodeAt(0);
  }
  const number = Number(/^F(\d{1,2})$/.exec(code)?.[1] ?? 0);
  if (number >= 1 && number <= 12) {
    return 0xffbd + number;
  }
  return Object.hasOwn(keysyms, code) ? (keysyms[code] ?? null) : null;
}
