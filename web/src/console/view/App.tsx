import { useEffect, useLayoutEffect } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Tab, Tabs } from "../tabs.ts";
import { Banner } from "./Banner.tsx";
import { Bar } from "./Bar.tsx";
import { Find } from "./Find.tsx";
import { Notice } from "./Notice.tsx";

/** The console page: a bar, and below it the console with whatever has to be said in its place or over it. */
export function App({ tabs }: { tabs: Tabs }) {
  const tab = tabs.shown.value;
  const { live } = tab;
  const state = live.state.value;
  const title = `${serverName(tabs)} — Oriel`;
  useLayoutEffect(() => showMarks(tab), [tab, state]);
  useEffect(() => {
    document.title = title;
  }, [title]);
  // Only now is it in sight, and can take the keyboard.
  useEffect(() => {
    if (state.phase === "connected") {
      live.focus();
    }
  }, [live, state.phase]);
  return (
    <>
      <Bar tabs={tabs} name={serverName(tabs)} />
      <main>
        {tabs.all.value.map((one) => (
          <Surface key={one.number} tabs={tabs} tab={one} />
        ))}
        <Find live={live} />
        <Banner live={live} />
        <Notice key={tab.number} live={live} />
      </main>
    </>
  );
}

/** Where one console is. What is inside `screen` belongs to the console's own library. */
function Surface({ tabs, tab }: { tabs: Tabs; tab: Tab }) {
  const { number } = tab;
  const type = tab.live.access.value?.type ?? tab.type;
  const label = t(type === "serial" ? "terminal.label" : "screen.label");
  // The first has the names that style sheets and tests know from pages with one console.
  const suffix = number === 0 ? "" : `-${number}`;
  const inside = (
    <>
      <canvas
        id={`last-picture${suffix}`}
        class="last-picture"
        width="0"
        height="0"
        ref={tab.lastPicture}
      />
      <div
        id={`screen${suffix}`}
        class="screen"
        role="application"
        aria-label={label}
        ref={tab.screen}
      />
    </>
  );
  const facts = { class: "surface", "data-console": type, "data-shown": tabs.shown.value === tab };
  return tabs.all.value.length > 1 ? (
    <div {...facts} id={`panel-${number}`} role="tabpanel" aria-labelledby={`tab-${number}`}>
      {inside}
    </div>
  ) : (
    <div {...facts}>{inside}</div>
  );
}

/** The name is known as soon as one of its consoles was opened. */
function serverName(tabs: Tabs): string {
  const named = tabs.all.value.find(({ live }) => live.access.value !== null);
  return named?.live.access.value?.server.name ?? t("console");
}

/** The marks on the root element, for style sheets and for tests that drive the page. */
function showMarks({ live, type }: Tab): void {
  const state = live.state.value;
  setMark("console", live.access.value?.type ?? type);
  setMark("state", state.phase);
  setMark("step", "step" in state ? state.step : null);
  setMark("reason", "end" in state ? state.end.reason : null);
}

function setMark(name: string, value: string | null): void {
  const { dataset } = document.documentElement;
  if (value === null) {
    delete dataset[name];
  } else {
    dataset[name] = value;
  }
}
