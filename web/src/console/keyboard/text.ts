/** What turns a text into another at its end. */
export interface Edit {
  /** How many characters are taken away first. */
  erase: number;
  insert: string;
}

/**
 * What has to be typed so that `before` becomes `after`. Keyboards of phones rewrite what they have written: they
 * complete and correct words. A server can only be told to take characters back and to type others.
 */
export function editBetween(before: string, after: string): Edit {
  const [from, to] = [Array.from(before), Array.from(after)];
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) {
    same += 1;
  }
  return { erase: from.length - same, insert: to.slice(same).join("") };
}

const shifted = '~!@#$%^&*()_+{}|:"<>?';

/** Whether an American keyboard has this character only with Shift. */
export function needsShift(character: string): boolean {
  return /^[A-Z]$/.test(character) || shifted.includes(character);
}

/** How X11 numbers a character: Latin-1 as it is, others by their code point (X11 protocol, appendix A). */
export function keysymOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  const latin = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
  return latin ? point : 0x0100_0000 + point;
}
