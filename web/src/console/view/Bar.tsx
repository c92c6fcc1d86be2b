import { useEffect, useRef } from "preact/hooks";
import iconUrl from "../../common/icon.svg";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { Tabs } from "../tabs.ts";
import { TabList } from "./TabList.tsx";
import { Disconnect } from "./tools/Disconnect.tsx";
import { FullScreen } from "./tools/FullScreen.tsx";
import { Keys } from "./tools/Keys.tsx";
import { TerminalMenu } from "./tools/TerminalMenu.tsx";

/** Whose console this is, how it stands with it, and what can be done with it. */
export function Bar({ tabs, name }: { tabs: Tabs; name: string }) {
  const { live } = tabs.shown.value;
  const state = live.state.value;
  const connected = state.phase === "connected";
  const watching = connected && state.access.role === "observer";
  const viewers = connected ? (live.news.value?.viewers ?? 1) : 1;
  return (
    <header>
      <img class="mark" src={iconUrl} alt="Oriel" width={20} height={20} />
      <h1 id="server-name">{name}</h1>
      <TabList tabs={tabs} />
      <p id="state" role="status">
        {t(`state.${state.phase}`)}
      </p>
      {watching && (
        <p id="role" class="mark-word">
          {t("role.observer")}
        </p>
      )}
      {viewers > 1 && (
        <p id="viewers" class="mark-word">
          {t("viewers", { count: String(viewers) })}
        </p>
      )}
      {connected && <Toolbar live={live} watching={watching} />}
    </header>
  );
}

function Toolbar({ live, watching }: { live: LiveConsole; watching: boolean }) {
  const toolbar = useRef<HTMLElement>(null);
  const terminal = live.connection.value?.terminal;
  // The console takes every key, Tab too. This chord, known from remote desktops, leads the keyboard to the bar;
  // Escape leads it back.
  useEffect(() => {
    const lead = (event: KeyboardEvent) => {
      if (event.ctrlKey && event.altKey && event.key === "Home") {
        event.preventDefault();
        event.stopPropagation();
        toolbar.current?.querySelector<HTMLElement>(".tool")?.focus();
      }
    };
    window.addEventListener("keydown", lead, { capture: true });
    return () => window.removeEventListener("keydown", lead, { capture: true });
  }, []);
  const leadBack = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      live.focus();
    }
  };
  return (
    <section id="toolbar" aria-label={t("toolbar.label")} ref={toolbar} onKeyDown={leadBack}>
      {terminal && <TerminalMenu live={live} terminal={terminal} watching={watching} />}
      {!terminal && !watching && <Keys live={live} />}
      <FullScreen live={live} />
      <Disconnect live={live} />
    </section>
  );
}
