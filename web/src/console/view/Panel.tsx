import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../common/view/Icon.tsx";
import { toast } from "../../common/view/Toast.tsx";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { Screen } from "../screen.ts";
import type { Tuning } from "../tuning.ts";
import type { PanelName, ViewState } from "./state.ts";

/** What a panel is given. */
export interface PanelProps {
  live: LiveConsole;
  screen: Screen;
  view: ViewState;
  tuning: Tuning;
  /** Lets the keyboard go back to whatever types into the server. */
  back: () => void;
}

type Panels = Record<PanelName, ComponentType<PanelProps>>;

/** What nobody needs for the first picture comes after it. */
function load(): Promise<Panels | null> {
  return import("./panels/panels.ts").then(
    ({ panels }) => panels,
    () => null,
  );
}

interface Props {
  live: LiveConsole;
  view: ViewState;
  tuning: Tuning;
}

/** Beside the screen, or below it where the page is narrow, so that it covers nothing and may stay open. */
export function Panel({ live, view, tuning }: Props) {
  const panels = usePanels(view);
  const screen = live.connection.value?.screen;
  const name = view.panel.value;
  const panel = useRef<HTMLElement>(null);
  const open = live.state.value.phase === "connected" && screen !== undefined && name !== null;
  const Content = open && panels !== null ? panels[name] : null;
  useEffect(() => {
    // Whoever opened it by the keyboard goes on in it; whoever has the keyboard at the server keeps it there.
    if (Content !== null && document.activeElement?.closest("#toolbar") != null) {
      panel.current?.focus();
    }
  }, [Content]);
  if (Content === null || screen === undefined || name === null) {
    return null;
  }
  const back = () => {
    if (!view.touchKeyboard.peek()) {
      live.focus();
    }
  };
  const title = t(`toolbar.${name}`);
  return (
    <aside
      id="panel"
      class={`panel-${name}`}
      aria-label={title}
      tabIndex={-1}
      ref={panel}
      onMouseDown={(event) => {
        // A press on a button takes the keyboard from nobody.
        if (event.target instanceof Element && event.target.closest("select, input") === null) {
          event.preventDefault();
        }
      }}
      onKeyDown={({ key, defaultPrevented }) => key === "Escape" && !defaultPrevented && back()}
    >
      <header class="panel-head">
        <h2>{title}</h2>
        <button
          type="button"
          id="close-panel"
          class="tool"
          aria-label={t("panel.close")}
          title={t("panel.close")}
          onClick={() => {
            view.panel.value = null;
            back();
          }}
        >
          <Icon>
            <path d="m4 4 8 8M12 4l-8 8" />
          </Icon>
        </button>
      </header>
      <div class="panel-body">
        <Content live={live} screen={screen} view={view} tuning={tuning} back={back} />
      </div>
    </aside>
  );
}

function usePanels(view: ViewState): Panels | null {
  const [panels, setPanels] = useState<Panels | null>(null);
  const wanted = view.panel.value !== null;
  useEffect(() => {
    if (!wanted || panels !== null) {
      return;
    }
    void load().then((loaded) => {
      if (loaded === null) {
        view.panel.value = null;
        toast(t("panel.not-loaded"));
      } else {
        setPanels(loaded);
      }
    });
  }, [wanted]);
  return panels;
}
