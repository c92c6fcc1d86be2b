import { useEffect, useRef } from "preact/hooks";
import iconUrl from "../../common/icon.svg";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { Access } from "../session.ts";
import { ClipboardTool } from "./tools/ClipboardTool.tsx";
import { Disconnect } from "./tools/Disconnect.tsx";
import { FullScreen } from "./tools/FullScreen.tsx";
import { Keys } from "./tools/Keys.tsx";
import { Language } from "./tools/Language.tsx";
import { Typing } from "./tools/Typing.tsx";
import { Viewers } from "./tools/Viewers.tsx";

/** Whose console this is, how it stands with it, and what can be done with it. */
export function Bar({ live, name }: { live: LiveConsole; name: string }) {
  const state = live.state.value;
  const connected = state.phase === "connected";
  const watching = connected && state.access.role === "observer";
  return (
    <header>
      <img class="mark" src={iconUrl} alt="Oriel" width={20} height={20} />
      <h1 id="server-name">{name}</h1>
      <p id="state" role="status">
        {t(`state.${state.phase}`)}
      </p>
      {watching && (
        <p id="role" class="mark-word">
          {t("role.observer")}
        </p>
      )}
      {connected && <Viewers viewers={live.news.value?.viewers ?? []} />}
      {connected && <Toolbar live={live} access={state.access} />}
      <Language />
    </header>
  );
}

function Toolbar({ live, access }: { live: LiveConsole; access: Access }) {
  const toolbar = useRef<HTMLElement>(null);
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
      {access.role !== "observer" && <Keys live={live} />}
      {access.typing !== null && (
        <Typing live={live} server={access.server.id} offer={access.typing} />
      )}
      <ClipboardTool live={live} access={access} />
      <FullScreen live={live} />
      <Disconnect live={live} />
    </section>
  );
}
