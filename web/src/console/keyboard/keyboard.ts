import { type ReadonlySignal, signal } from "@preact/signals";
import { type Chord, strokesOf } from "./chord.ts";
import { isModifier, keyAt, type Modifier } from "./keys.ts";
import { afterKey, afterPress, held, heldOnce, type Latches, noLatches } from "./latches.ts";
import { keysymOf, needsShift } from "./text.ts";

/** Takes a key to the server. Without a place, the meaning alone says which key it is. */
export type Send = (keysym: number, code: string | null, down: boolean) => void;

/** The keys that the page itself strikes, beside those of the keyboard before it, and the modifiers that it holds. */
export class PageKeyboard {
  readonly #send: Send;
  readonly #latches = signal<Latches>(noLatches);
  #lastPress: { code: Modifier; at: number } | null = null;
  /** Whether the page holds Shift, for itself or for whoever types. */
  #shift = false;

  constructor(send: Send) {
    this.#send = send;
  }

  get latches(): ReadonlySignal<Latches> {
    return this.#latches;
  }

  /** Presses a modifier on the screen, or lets it go. `now` in milliseconds. */
  pressModifier(code: Modifier, now: number): void {
    const last = this.#lastPress;
    const before = this.#latches.peek();
    const latch = afterPress(before[code], last?.code === code ? now - last.at : Infinity);
    this.#lastPress = { code, at: now };
    if ((latch === "off") !== (before[code] === "off")) {
      this.#stroke(code, latch !== "off");
    }
    this.#latches.value = { ...before, [code]: latch };
  }

  /** Strikes a chord, or one key, together with the modifiers that are held. */
  strike(chord: Chord): void {
    for (const { code, down } of strokesOf(chord, held(this.#latches.peek()))) {
      this.#stroke(code, down);
    }
    this.#afterKey();
  }

  /** Strikes a key while a chord, its own key too, is held: Linux' SysRq wants it so. */
  strikeWithin(chord: Chord, code: string): void {
    const strokes = strokesOf(chord, held(this.#latches.peek()));
    const middle = strokes.findIndex(({ down }) => !down);
    const inner = [
      { code, down: true },
      { code, down: false },
    ];
    for (const stroke of strokes.toSpliced(middle, 0, ...inner)) {
      this.#stroke(stroke.code, stroke.down);
    }
    this.#afterKey();
  }

  /** Types characters as an American keyboard does. */
  type(text: string): void {
    for (const character of text.replaceAll("\r\n", "\n")) {
      if (character === "\n" || character === "\t") {
        this.strike({ modifiers: [], code: character === "\n" ? "Enter" : "Tab" });
      } else {
        this.#typeCharacter(character);
      }
    }
  }

  /** A key of the keyboard before the page was let go. */
  struck(code: string): void {
    if (!isModifier(code)) {
      this.#afterKey();
    } else if (this.#latches.peek()[code] !== "off") {
      // It is one key to the server, which was told that it is up.
      this.#shift = code === "ShiftLeft" ? false : this.#shift;
      this.#latches.value = { ...this.#latches.peek(), [code]: "off" };
    }
  }

  /** Lets go of all that the page holds. */
  release(): void {
    for (const code of held(this.#latches.peek())) {
      this.#stroke(code, false);
    }
    this.#latches.value = noLatches;
  }

  /**
   * What a key means with the Shift that the page holds, of which the browser knows nothing. QEMU switches the guest's
   * Caps Lock where Shift and the case of a letter do not agree.
   */
  meaning(keysym: number): number {
    const isSmallLetter = keysym >= 0x61 && keysym <= 0x7a;
    return isSmallLetter && this.#shift ? keysym - 0x20 : keysym;
  }

  /** By meaning alone, so that a server that knows a way to type it uses that; Shift for those that look at the place. */
  #typeCharacter(character: string): void {
    const shift = needsShift(character) && this.#latches.peek().ShiftLeft === "off";
    if (shift) {
      this.#stroke("ShiftLeft", true);
    }
    const keysym = this.meaning(keysymOf(character));
    this.#send(keysym, null, true);
    this.#send(keysym, null, false);
    if (shift) {
      this.#stroke("ShiftLeft", false);
    }
    this.#afterKey();
  }

  #afterKey(): void {
    const latches = this.#latches.peek();
    const free = heldOnce(latches);
    if (free.length > 0) {
      for (const code of free.toReversed()) {
        this.#stroke(code, false);
      }
      this.#latches.value = afterKey(latches);
    }
  }

  #stroke(code: string, down: boolean): void {
    const key = keyAt(code);
    if (key !== null) {
      this.#shift = code === "ShiftLeft" ? down : this.#shift;
      this.#send(this.meaning(key.keysym), code, down);
    }
  }
}
