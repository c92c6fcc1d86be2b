import { Icon } from "../../../common/view/Icon.tsx";
import { toast } from "../../../common/view/Toast.tsx";
import { t } from "../../../common/words.ts";
import { catchesShortcuts, enterFullScreen, leaveFullScreen } from "../../fullscreen.ts";
import type { LiveConsole } from "../../live.ts";
import type { Screen } from "../../screen.ts";
import { savePicture } from "../../screenshot.ts";
import type { Access } from "../../session.ts";
import { openPanel, type PanelName, showPanel } from "../panels.ts";
import type { SideName, ViewState } from "../state.ts";
import { typingLabel } from "./Typing.tsx";
import type { Tool } from "./tool.ts";

/** What can be done with a live console, in the order of the bar. */
export function toolsFor(live: LiveConsole, view: ViewState, access: Access): Tool[] {
  const screen = live.connection.value?.screen;
  const ofScreen = screen === undefined ? [] : screenTools(live, view, screen);
  // A terminal takes texts as they are.
  const typing = access.typing === null || screen === undefined ? null : typingTool(live);
  const tools = [
    ...ofScreen,
    typing,
    screen === undefined ? null : clipboard(live),
    fullScreen(live, view),
    bar(live, view),
    disconnect(live),
  ];
  return tools.filter((tool) => tool !== null);
}

function screenTools(live: LiveConsole, view: ViewState, screen: Screen): (Tool | null)[] {
  return [
    screen.watching ? null : touchKeyboard(view),
    screen.watching
      ? null
      : side(view, "keys", 8, [
          <rect key="r" x="1" y="3.5" width="14" height="9" rx="1.5" />,
          <path key="p" d="M4 6.5h.01M8 6.5h.01M12 6.5h.01M5 9.5h6" />,
        ]),
    side(view, "view", 5, [
      <rect key="r" x="1.5" y="2.5" width="13" height="9" rx="1.5" />,
      <path key="p" d="M8 11.5v2.5M5 14h6" />,
    ]),
    screenshot(live, screen),
    side(view, "facts", 2, [
      <circle key="c" cx="8" cy="8" r="6.25" />,
      <path key="p" d="M8 7.25v3.5M8 5h.01" />,
    ]),
  ];
}

function typingTool(live: LiveConsole): Tool {
  return panel(live, "typing", "type-text", typingLabel(live), 7, "M3 4.5V3h10v1.5M8 3v10M6 13h4");
}

function clipboard(live: LiveConsole): Tool {
  const picture = "M5.5 3H3.5v11h9V3h-2M5.5 2h5v2.5h-5z";
  return panel(live, "clipboard", "clipboard-tool", t("toolbar.clipboard"), 4, picture);
}

function panel(
  live: LiveConsole,
  name: PanelName,
  id: string,
  label: string,
  rank: number,
  picture: string,
): Tool {
  const open = openPanel.value === name;
  const close = () => {
    showPanel(null);
    live.focus();
  };
  return {
    id,
    label,
    icon: (
      <Icon>
        <path d={picture} />
      </Icon>
    ),
    rank,
    expanded: open,
    run: () => (open ? close() : showPanel(name)),
  };
}

function side(view: ViewState, name: SideName, rank: number, picture: Tool["icon"]): Tool {
  return {
    id: name,
    label: t(`toolbar.${name}`),
    icon: <Icon>{picture}</Icon>,
    rank,
    expanded: view.side.value === name,
    run: () => view.toggle(name),
  };
}

/** Only where there are fingers: elsewhere a keyboard is at hand. */
function touchKeyboard(view: ViewState): Tool | null {
  if (navigator.maxTouchPoints === 0) {
    return null;
  }
  return {
    id: "touch-keyboard",
    label: t("toolbar.touch-keyboard"),
    icon: (
      <Icon>
        <rect x="1" y="1.5" width="14" height="8.5" rx="1.5" />
        <path d="M4 4.5h.01M8 4.5h.01M12 4.5h.01M5 7.25h6M6 13l2 2 2-2" />
      </Icon>
    ),
    rank: 9,
    pressed: view.touchKeyboard.value,
    run: () => {
      view.touchKeyboard.value = !view.touchKeyboard.value;
    },
  };
}

function screenshot(live: LiveConsole, screen: Screen): Tool {
  return {
    id: "screenshot",
    label: t("toolbar.screenshot"),
    icon: (
      <Icon>
        <path d="M1.5 5.5a1 1 0 0 1 1-1h2L6 2.5h4l1.5 2h2a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1z" />
        <circle cx="8" cy="8.75" r="2.5" />
      </Icon>
    ),
    rank: 3,
    run: async () => {
      live.focus();
      const name = await savePicture(screen, live.state.value.server?.name ?? "");
      toast(name === null ? t("picture.none") : t("picture.saved", { name }));
    },
  };
}

function fullScreen(live: LiveConsole, view: ViewState): Tool | null {
  if (!document.fullscreenEnabled) {
    return null;
  }
  const full = view.fullScreen.value;
  return {
    id: "full-screen",
    label: t(full ? "toolbar.leave-full-screen" : "toolbar.full-screen"),
    icon: (
      <Icon>
        <path
          d={
            full
              ? "M6 2v4H2M14 6h-4V2M10 14v-4h4M2 10h4v4"
              : "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"
          }
        />
      </Icon>
    ),
    rank: 6,
    run: async () => {
      if (full) {
        await leaveFullScreen();
      } else if (!(await enterFullScreen())) {
        toast(t("full-screen.refused"));
      } else {
        toast(t(catchesShortcuts() ? "full-screen.catches" : "full-screen.on"));
      }
      live.focus();
    },
  };
}

function bar(live: LiveConsole, view: ViewState): Tool {
  const stays = view.barStays.value;
  return {
    id: "hide-bar",
    label: t(stays ? "toolbar.hide-bar" : "toolbar.keep-bar"),
    icon: (
      <Icon>
        <path d={stays ? "M2 2.5h12M4.5 10 8 6.5l3.5 3.5" : "M2 2.5h12M4.5 7 8 10.5 11.5 7"} />
      </Icon>
    ),
    rank: 1,
    run: () => {
      view.barStays.value = !stays;
      view.barCalled.value = false;
      live.focus();
    },
  };
}

function disconnect(live: LiveConsole): Tool {
  return {
    id: "disconnect",
    label: t("toolbar.disconnect"),
    icon: (
      <Icon>
        <path d="M8 1.5v6M4.5 3.8a5.5 5.5 0 1 0 7 0" />
      </Icon>
    ),
    rank: 4,
    run: () => live.disconnect(),
  };
}
