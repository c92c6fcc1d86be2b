import { type ReadonlySignal, signal } from "@preact/signals";
import type { Connection } from "./connection.ts";

/** The most characters of a text that the page shows. The whole of it is copied. */
export const mostShown = 5_000;

/** A text that was copied in the guest. */
export interface Copied {
  text: string;
  /** Whether this browser let the page put it into the person's own clipboard. */
  written: boolean;
}

const encoder = new TextEncoder();

/** What a text takes on its way: in UTF-8, with the ends of its lines as the protocol writes them, and a zero. */
export function sizeOf(text: string): number {
  const lines = text.match(/(?<!\r)\n/g)?.length ?? 0;
  return encoder.encode(text).length + lines + 1;
}

/** What a message needs besides the text. */
const overhead = 1024;

/** Whether a text may go to the guest's clipboard, where so many bytes may. */
export function fits(text: string, most: number): boolean {
  // A character is a byte at the least: no need to look at each where that is too much.
  return text.length <= most && sizeOf(text) + overhead <= most;
}

/** The clipboards of the guest and of the person, as far as they meet. */
export class Clipboard {
  readonly #copied = signal<Copied | null>(null);
  readonly #connection: ReadonlySignal<Connection | null>;
  /** What the page put there: the guest may tell it back. */
  #sent: string | null = null;

  constructor(connection: ReadonlySignal<Connection | null>) {
    this.#connection = connection;
  }

  /** The last text that was copied in the guest. That there is one is the only sign that the guest has a clipboard. */
  get copied(): ReadonlySignal<Copied | null> {
    return this.#copied;
  }

  /** Puts a text into the guest's clipboard. */
  put(text: string): void {
    this.#sent = text;
    this.#connection.value?.putClipboard?.(text);
  }

  /** Takes a text that was copied in the guest, and puts it into the person's clipboard if the browser lets it. */
  async receive(text: string): Promise<void> {
    if (text === "" || text === this.#sent) {
      return;
    }
    this.#copied.value = { text, written: false };
    await this.copy();
  }

  /** Puts what was copied in the guest into the person's clipboard. */
  async copy(): Promise<void> {
    const copied = this.#copied.value;
    if (copied === null) {
      return;
    }
    try {
      await navigator.clipboard.writeText(copied.text);
    } catch {
      // The browser wants a click first, or has no clipboard for pages at all.
      return;
    }
    if (this.#copied.value === copied) {
      this.#copied.value = { ...copied, written: true };
    }
  }
}
