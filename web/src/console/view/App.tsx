import { useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { State } from "../session.ts";
import { Banner } from "./Banner.tsx";
import { Bar } from "./Bar.tsx";
import { Notice } from "./Notice.tsx";

interface Props {
  live: LiveConsole;
  screen: RefObject<HTMLDivElement | null>;
  lastPicture: RefObject<HTMLCanvasElement | null>;
}

/** The console page: a bar, and below it the screen with whatever has to be said in its place or over it. */
export function App({ live, screen, lastPicture }: Props) {
  useSignalEffect(() => showMarks(live.state.value));
  useSignalEffect(() => {
    document.title = `${serverName(live.state.value)} — Oriel`;
  });
  return (
    <>
      <Bar live={live} name={serverName(live.state.value)} />
      <main>
        <canvas id="last-picture" width="0" height="0" ref={lastPicture} />
        {/* What is inside belongs to the console's own library. */}
        <div id="screen" role="application" aria-label={t("screen.label")} ref={screen} />
        <Banner live={live} />
        <Notice live={live} />
      </main>
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
