import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../common/view/Icon.tsx";
import { toast } from "../../common/view/Toast.tsx";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { Screen } from "../screen.ts";
import type { Tuning } from "../tuning.ts";
import type { SideName, ViewState } from "./state.ts";

/** What is given to whatever stands there. */
export interface SideProps {
  live: LiveConsole;
  screen: Screen;
  view: ViewState;
  tuning: Tuning;
  /** Lets the keyboard go back to whatever types into the server. */
  back: () => void;
}

type Contents = Record<SideName, ComponentType<SideProps>>;

/** What nobody needs for the first picture comes after it. */
function load(): Promise<Contents | null> {
  return import("./side/contents.ts").then(
    ({ contents }) => contents,
    () => null,
  );
}

interface Props {
  live: LiveConsole;
  view: ViewState;
  tuning: Tuning;
}

/** Beside the screen, or below it where the page is narrow, so that it covers nothing and may stay open. */
export function Side({ live, view, tuning }: Props) {
  const contents = useContents(view);
  const side = useRef<HTMLElement>(null);
  const screen = live.connection.value?.screen;
  const name = view.side.value;
  const open = live.state.value.phase === "connected" && screen !== undefined && name !== null;
  const Content = open && contents !== null ? contents[name] : null;
  useEffect(() => {
    // Whoever opened it by the keyboard goes on in it; whoever has the keyboard at the server keeps it there.
    if (Content !== null && document.activeElement?.closest("#toolbar") != null) {
      side.current?.focus();
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
  const close = () => {
    view.side.value = null;
    back();
  };
  const title = t(`toolbar.${name}`);
  return (
    <aside
      id="side"
      class={`side-${name}`}
      aria-label={title}
      tabIndex={-1}
      ref={side}
      onMouseDown={keepKeyboard}
      onKeyDown={({ key }) => key === "Escape" && back()}
    >
      <div class="side-head">
        <h2>{title}</h2>
        <button
          type="button"
          id="close-side"
          class="tool"
          aria-label={t("side.close")}
          title={t("side.close")}
          onClick={close}
        >
          <Icon>
            <path d="m4 4 8 8M12 4l-8 8" />
          </Icon>
        </button>
      </div>
      {/* Where nothing in it takes the keyboard, it does so itself, to be scrolled. */}
      <div class="side-body" tabIndex={name === "facts" ? 0 : undefined}>
        <Content live={live} screen={screen} view={view} tuning={tuning} back={back} />
      </div>
    </aside>
  );
}

/** A press on a button takes the keyboard from nobody; a field needs it. */
function keepKeyboard(event: MouseEvent): void {
  if (event.target instanceof Element && event.target.closest("select, input, label") === null) {
    event.preventDefault();
  }
}

function useContents(view: ViewState): Contents | null {
  const [contents, setContents] = useState<Contents | null>(null);
  const wanted = view.side.value !== null;
  useEffect(() => {
    if (!wanted || contents !== null) {
      return;
    }
    void load().then((loaded) => {
      if (loaded === null) {
        view.side.value = null;
        toast(t("side.not-loaded"));
      } else {
        setContents(loaded);
      }
    });
  }, [wanted]);
  return contents;
}
