import type { ReadonlySignal } from "@preact/signals";
import type { Counts } from "./display/meter.ts";
import type { Levels } from "./display/quality.ts";
import type { Size } from "./display/zoom.ts";
import type { PageKeyboard } from "./keyboard/keyboard.ts";

/** Whether a screen's size can be changed from here, as far as the server has said. */
export type Resizing = "unknown" | "possible" | "refused";

/** What a console that is a screen can do, beside what every console can. */
export interface Screen {
  readonly keyboard: PageKeyboard;
  /** Of the desktop, in its own pixels. */
  readonly size: ReadonlySignal<Size>;
  readonly resizing: ReadonlySignal<Resizing>;
  /** Whether keys reach the server by their place, whatever the layout of the keyboard before the page. */
  readonly takesPlaces: ReadonlySignal<boolean>;
  /** Only to be looked at: what one does here does not reach the server. */
  readonly watching: boolean;
  /** When its first picture was there, by this browser's clock. */
  readonly since: number;
  readonly counts: Counts;
  setLevels(levels: Levels): void;
  /** Asks the server to make its desktop as large as its place on the page. */
  resizeToPlace(): void;
  /** Whether a press on the picture takes the keyboard to the server. On by itself. */
  takeFocusOnPress(take: boolean): void;
  /** The whole desktop as PNG; null where there is none to be had. */
  picture(): Promise<Blob | null>;
}
