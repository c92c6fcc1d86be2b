import type { ComponentChild } from "preact";

/** Something that a person can do, as a button in the bar, or in the menu of what the bar has no room for. */
export interface Tool {
  id: string;
  label: string;
  icon: ComponentChild;
  /** Those with a higher rank stay in the bar for longer. */
  rank: number;
  /** Where it opens a panel: whether that is open. */
  expanded?: boolean;
  /** Where it switches something: whether that is on. */
  pressed?: boolean;
  run(byKeyboard: boolean): void;
}
