import { signal } from "@preact/signals";
import type { LiveConsole } from "../live.ts";

export type PanelName = "typing" | "clipboard";

/** Which panel lies over the console. */
export const openPanel = signal<PanelName | null>(null);

export function showPanel(panel: PanelName | null): void {
  openPanel.value = panel;
}

/** The text that is offered for typing, before it is typed. It outlives a console that broke, and no page. */
export const draft = signal("");

/** A word over the console, for some seconds. */
export interface Hint {
  text: string;
  action?: { label: string; run: () => void };
}

export const hint = signal<Hint | null>(null);

/** Opens the panel with a text to type, in the place of what was typed last. */
export function offerTyping(live: LiveConsole, text: string): void {
  live.typing.forget();
  draft.value = text;
  hint.value = null;
  openPanel.value = "typing";
}
