import type { End } from "./reasons.ts";

/** A live console of any kind, as the page holds it. */
export interface Connection {
  /** Lets the keyboard go to the server. */
  focus(): void;
  sendCtrlAltDel(): void;
  /** Ends it for this reason, where it has not ended by itself. */
  abandon(end: End): void;
}

/** What a console tells the page. After `ended` it stays silent. */
export interface ConnectionListener {
  ready(): void;
  pictureDrawn(): void;
  ended(end: End): void;
}
