import { signal } from "@preact/signals";

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

export function offerTyping(text: string): void {
  draft.value = text;
  hint.value = null;
  openPanel.value = "typing";
}
