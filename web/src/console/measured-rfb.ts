import RFB from "@novnc/novnc";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Size } from "./display/zoom.ts";
import type { Resizing } from "./screen.ts";

/** The reason of an ExtendedDesktopSize that answers a wish of this viewer (rfbproto, 7.8.2). */
const asAskedHere = 1;
/** Its outcomes: done, and handed on to the guest, which QEMU says beside those of the standard. */
const granted = [0, 4];

/**
 * noVNC, which tells nobody what it draws and what its server can. What is overridden here is called as each message
 * is read.
 */
export class MeasuredRfb extends RFB {
  readonly #size = signal<Size>({ width: 0, height: 0 });
  readonly #resizing = signal<Resizing>("unknown");
  readonly #takesPlaces = signal(false);
  #updates = 0;
  readonly #rectangles = new Map<number, number>();
  #meaning = (keysym: number) => keysym;

  get size(): ReadonlySignal<Size> {
    return this.#size;
  }

  get resizing(): ReadonlySignal<Resizing> {
    return this.#resizing;
  }

  get takesPlaces(): ReadonlySignal<boolean> {
    return this.#takesPlaces;
  }

  get updates(): number {
    return this.#updates;
  }

  get rectangles(): ReadonlyMap<number, number> {
    return this.#rectangles;
  }

  /** Has the meaning of every key changed on its way. */
  meanBy(meaning: (keysym: number) => number): void {
    this.#meaning = meaning;
  }

  override sendKey(keysym: number, code: string | null, down?: boolean): void {
    // Without `down` it comes back here, once for each of the two.
    super.sendKey(down === undefined ? keysym : this.#meaning(keysym), code, down);
  }

  protected override _framebufferUpdate(): boolean {
    const whole = super._framebufferUpdate();
    if (whole) {
      this.#updates += 1;
    }
    return whole;
  }

  protected override _handleRect(): boolean {
    const { encoding } = this._FBU;
    const whole = super._handleRect();
    if (whole && encoding !== null && isOfPixels(encoding)) {
      this.#rectangles.set(encoding, (this.#rectangles.get(encoding) ?? 0) + 1);
    }
    this.#takesPlaces.value = this._qemuExtKeyEventSupported;
    return whole;
  }

  protected override _handleExtendedDesktopSize(): boolean {
    const { x: reason, y: outcome } = this._FBU;
    const whole = super._handleExtendedDesktopSize();
    if (whole) {
      const refused = reason === asAskedHere && !granted.includes(outcome);
      this.#resizing.value = refused ? "refused" : "possible";
    }
    return whole;
  }

  protected override _resize(width: number, height: number): void {
    super._resize(width, height);
    this.#size.value = { width, height };
  }
}

/** Pseudo-encodings carry no pixels. Below zero, Tight PNG alone does. */
function isOfPixels(encoding: number): boolean {
  return (encoding >= 0 && encoding < 256) || encoding === -260;
}
