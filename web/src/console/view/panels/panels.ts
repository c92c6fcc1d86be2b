import { FactsPanel } from "./FactsPanel.tsx";
import { KeysPanel } from "./KeysPanel.tsx";
import { ViewPanel } from "./ViewPanel.tsx";

export const panels = { keys: KeysPanel, view: ViewPanel, facts: FactsPanel };
