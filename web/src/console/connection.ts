import type { End } from "./reasons.ts";
import type { Screen } from "./screen.ts";

/** A live console of any kind, as the page holds it. */
export interface Connection {
  /** Lets the keyboard go to the server. */
  focus(): void;
  /** Puts a text into the guest's clipboard, where this kind of console has one. */
  putClipboard?(text: string): void;
  /** Ends it for this reason, where it has not ended by itself. */
  abandon(end: End): void;
  /** What it can do beside that, where it is a screen. */
  readonly screen?: Screen;
}

/** What a console tells the page. After `ended` it stays silent. */
export interface ConnectionListener {
  ready(): void;
  pictureDrawn(): void;
  /** Somebody copied a text in the guest. */
  clipboard(text: string): void;
  ended(end: End): void;
}
