import { useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { Toast } from "../../common/view/Toast.tsx";
import { t } from "../../common/words.ts";
import type { Tab, Tabs } from "../tabs.ts";
import { Banner } from "./Banner.tsx";
import { Bar } from "./Bar.tsx";
import { Find } from "./Find.tsx";
import { Hint } from "./Hint.tsx";
import { Notice } from "./Notice.tsx";
import { Paste } from "./Paste.tsx";
import { Side } from "./Side.tsx";
import { Stage } from "./Stage.tsx";
import type { ViewState } from "./state.ts";
import { TouchKeyboard } from "./TouchKeyboard.tsx";
import { Clipboard } from "./tools/ClipboardTool.tsx";
import { Typing } from "./tools/Typing.tsx";
import { useWindow } from "./window.ts";

interface Props {
  tabs: Tabs;
  view: ViewState;
}

/** The console page: a bar, and below it the console with whatever has to be said in its place or over it. */
export function App({ tabs, view }: Props) {
  const tab = tabs.shown.value;
  const { live, tuning } = tab;
  const state = live.state.value;
  const title = `${serverName(tabs)} — Oriel`;
  useWindow(view);
  useSignalEffect(() => {
    // What nobody sees held is not to be held.
    const seen = view.side.value === "keys" || view.touchKeyboard.value;
    if (!seen) {
      tabs.shown.value.live.connection.value?.screen?.keyboard.release();
    }
  });
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
  const connected = state.phase === "connected";
  // A terminal takes texts as they are.
  const screen = connected && live.connection.value?.screen !== undefined;
  return (
    <>
      <Bar tabs={tabs} view={view} name={serverName(tabs)} />
      <main>
        {tabs.all.value.map((one) => (
          <Surface key={one.number} tabs={tabs} tab={one} view={view} />
        ))}
        <Find live={live} />
        <Banner live={live} />
        <Hint />
        <Notice key={tab.number} live={live} />
        <Toast />
      </main>
      <Side live={live} view={view} tuning={tuning} />
      <TouchKeyboard live={live} view={view} />
      {screen && <Paste live={live} access={state.access} />}
      {screen && <Clipboard live={live} access={state.access} />}
      {screen && state.access.typing !== null && (
        <Typing live={live} server={state.access.server.id} offer={state.access.typing} />
      )}
    </>
  );
}

/** Where one console is. */
function Surface({ tabs, tab, view }: { tabs: Tabs; tab: Tab; view: ViewState }) {
  const { number, live } = tab;
  const type = live.access.value?.type ?? tab.type;
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
      <Stage live={live} view={view} screen={tab.screen} suffix={suffix} />
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
