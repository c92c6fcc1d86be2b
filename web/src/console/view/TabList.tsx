import { useRef } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { ConsoleType } from "../session.ts";
import type { Tab, Tabs } from "../tabs.ts";

/**
 * The server's consoles, where it has several. Arrow keys go from one to the next; Enter or Space opens one, since that
 * begins a session (WAI-ARIA: tabs with manual activation).
 */
export function TabList({ tabs }: { tabs: Tabs }) {
  const list = useRef<HTMLDivElement>(null);
  const all = tabs.inOrder;
  if (all.length < 2) {
    return null;
  }
  const move = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>("[role=tab]") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      buttons[(to + buttons.length) % buttons.length]?.focus();
    }
  };
  return (
    <div id="tabs" role="tablist" aria-label={t("tabs.label")} ref={list} onKeyDown={move}>
      {all.map((tab) => (
        <TabButton key={tab.number} tabs={tabs} tab={tab} />
      ))}
    </div>
  );
}

function TabButton({ tabs, tab }: { tabs: Tabs; tab: Tab }) {
  const type: ConsoleType = tab.live.access.value?.type ?? tab.type ?? "novnc";
  const selected = tabs.shown.value === tab;
  const fresh = tab.live.fresh.value && !selected;
  return (
    <button
      type="button"
      id={`tab-${tab.number}`}
      class="tab"
      role="tab"
      data-console={type}
      aria-selected={selected}
      aria-controls={`panel-${tab.number}`}
      tabIndex={selected ? 0 : -1}
      onClick={() => tabs.show(tab)}
    >
      {t(`tab.${type}`)}
      {fresh && <span class="fresh" role="img" aria-label={t("tabs.new-output")} />}
    </button>
  );
}
