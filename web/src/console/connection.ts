import type { ReadonlySignal } from "@preact/signals";
import type { End } from "./reasons.ts";
import type { Screen } from "./screen.ts";

/** A live console of any kind, as the page holds it. */
export interface Connection {
  /** What a terminal can do besides; missing where the console is none. */
  terminal?: TerminalTools;
  /** Lets the keyboard go to the server. */
  focus(): void;
  /** Puts a text into the guest's clipboard, where this kind of console has one. */
  putClipboard?(text: string): void;
  /** Ends it for this reason, where it has not ended by itself. */
  abandon(end: End): void;
  /** What it can do beside that, where it is a screen. */
  readonly screen?: Screen;
}

/** What a terminal can do besides showing its line. */
export interface TerminalTools {
  /** What a search has found; null while none goes on. */
  found: ReadonlySignal<Found | null>;
  /** Whether somebody wants to search. */
  finding: ReadonlySignal<boolean>;
  /** Whether the output is told to a screen reader. */
  readsAloud: ReadonlySignal<boolean>;
  size: ReadonlySignal<{ columns: number; rows: number }>;
  /** Why the last text was not pasted or copied. */
  complaint: ReadonlySignal<Complaint | null>;
  openFind(): void;
  closeFind(): void;
  /** Goes to another place where the text is; `typing` while it grows, so that the place stays where it can. */
  find(text: string, direction: "next" | "previous", typing?: boolean): void;
  /** Copies what is selected. */
  copy(): Promise<void>;
  paste(): Promise<void>;
  /** Types a text, or control characters, into the server. */
  type(text: string): void;
  readAloud(on: boolean): void;
}

/** The text is too long for a line, or the browser does not let the page at the clipboard. */
export type Complaint = "paste-too-long" | "paste-refused" | "copy-refused";

export interface Found {
  /** From 1; 0 where none of them is chosen. */
  index: number;
  count: number;
}

/** What a console tells the page. After `ended` it stays silent. */
export interface ConnectionListener {
  ready(): void;
  pictureDrawn(): void;
  /** Something new was said, on a line. */
  output?(): void;
  /** Somebody copied a text in the guest. */
  clipboard(text: string): void;
  ended(end: End): void;
}

/** What opens a console of one kind, at its place on the page, as often as need be. */
export interface Client {
  /** `watching`: the viewer only looks on. The gateway sees to it; this spares it what would be dropped. */
  connect(url: URL, watching: boolean, listener: ConnectionListener): Connection;
}
