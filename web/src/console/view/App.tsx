import { useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { Toast } from "../../common/view/Toast.tsx";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { State } from "../session.ts";
import type { Tuning } from "../tuning.ts";
import { Banner } from "./Banner.tsx";
import { Bar } from "./Bar.tsx";
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
  live: LiveConsole;
  view: ViewState;
  tuning: Tuning;
  screen: RefObject<HTMLDivElement | null>;
  lastPicture: RefObject<HTMLCanvasElement | null>;
}

/** The console page: a bar, and below it the screen with whatever has to be said in its place or over it. */
export function App({ live, view, tuning, screen, lastPicture }: Props) {
  useWindow(view);
  useSignalEffect(() => {
    // What nobody sees held is not to be held.
    const seen = view.side.value === "keys" || view.touchKeyboard.value;
    if (!seen) {
      live.connection.value?.screen?.keyboard.release();
    }
  });
  useSignalEffect(() => showMarks(live.state.value));
  useSignalEffect(() => {
    document.title = `${serverName(live.state.value)} — Oriel`;
  });
  const state = live.state.value;
  const connected = state.phase === "connected";
  return (
    <>
      <Bar live={live} view={view} name={serverName(state)} />
      <main>
        <canvas id="last-picture" width="0" height="0" ref={lastPicture} />
        <Stage live={live} view={view} screen={screen} />
        <Banner live={live} />
        <Hint />
        <Notice live={live} />
        <Toast />
      </main>
      <Side live={live} view={view} tuning={tuning} />
      <TouchKeyboard live={live} view={view} />
      {connected && <Paste live={live} access={state.access} />}
      {connected && <Clipboard live={live} access={state.access} />}
      {connected && state.access.typing !== null && (
        <Typing live={live} server={state.access.server.id} offer={state.access.typing} />
      )}
    </>
  );
}

function serverName({ server }: State): string {
  return server?.name ?? t("console");
}

/** The marks on the root element, for style sheets and for tests that drive the page. */
function showMarks(state: State): void {
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
