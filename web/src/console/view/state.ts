import { effect, type Signal, signal } from "@preact/signals";
import { type Quality, qualities } from "../display/quality.ts";
import type { Zoom } from "../display/zoom.ts";

export type SideName = "keys" | "view" | "facts";

/** How a person has this page: what is open, and how the picture lies on it. */
export class ViewState {
  readonly side = signal<SideName | null>(null);
  /** Whether the keyboard of a phone is wanted. */
  readonly touchKeyboard = signal(false);
  readonly zoom: Signal<Zoom>;
  /** Whether dragging moves the picture rather than the server's pointer. */
  readonly hand = signal(false);
  /** Whether the server's desktop is to be as large as its place on the page. */
  readonly matching: Signal<boolean>;
  readonly quality: Signal<Quality>;
  readonly fullScreen = signal(false);
  /** Whether the bar has a place of its own; else it comes when called, and goes again. */
  readonly barStays = signal(true);
  /** Whether a bar without a place is there for now. */
  readonly barCalled = signal(false);

  constructor(kept: Kept) {
    this.zoom = signal(kept.actualSize ? 1 : "fit");
    this.matching = signal(kept.matching);
    this.quality = signal(kept.quality);
  }

  toggle(side: SideName): void {
    this.side.value = this.side.value === side ? null : side;
  }
}

/** What a browser keeps of it, for all consoles. */
export interface Kept {
  actualSize: boolean;
  matching: boolean;
  quality: Quality;
}

const storageKey = "oriel.view";

/** As it was left last in this browser, and kept from now on. A browser may refuse to keep anything. */
export function keptViewState(storage: () => Storage): ViewState {
  let text: string | null = null;
  try {
    text = storage().getItem(storageKey);
  } catch {
    // Then it is as if for the first time.
  }
  const state = new ViewState(readKept(text));
  effect(() => {
    const kept: Kept = {
      actualSize: state.zoom.value === 1,
      matching: state.matching.value,
      quality: state.quality.value,
    };
    try {
      storage().setItem(storageKey, JSON.stringify(kept));
    } catch {
      // It holds for this page then.
    }
  });
  return state;
}

export function readKept(text: string | null): Kept {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "{}");
  } catch {
    stored = {};
  }
  const { actualSize, matching, quality } = Object(stored);
  return {
    actualSize: actualSize === true,
    matching: matching === true,
    quality: qualities.includes(quality) ? quality : "auto",
  };
}
