import { useEffect, useRef } from "preact/hooks";
import iconUrl from "../../common/icon.svg";
import { t } from "../../common/words.ts";
import type { Tabs } from "../tabs.ts";

import { Handle } from "./Handle.tsx";
import type { ViewState } from "./state.ts";
import { TabList } from "./TabList.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { Language } from "./tools/Language.tsx";
import { Viewers } from "./tools/Viewers.tsx";

/** How long a bar that was called stays once nothing holds it, in milliseconds. */
const lingerMs = 1_200;

interface Props {
  tabs: Tabs;
  view: ViewState;
  name: string;
}

/** Whose console this is, how it stands with it, and what can be done with it. */
export function Bar({ tabs, view, name }: Props) {
  const { live } = tabs.shown.value;
  const state = live.state.value;
  const connected = state.phase === "connected";
  const watching = connected && state.access.role === "observer";
  const stays = view.barStays.value || !connected;
  const called = view.barCalled.value;
  const leaving = useRef<number>(0);
  const stay = () => clearTimeout(leaving.current);
  const leave = () => {
    stay();
    leaving.current = window.setTimeout(() => {
      view.barCalled.value = false;
    }, lingerMs);
  };
  useEffect(() => {
    // A finger neither enters nor leaves; it touches elsewhere.
    const closeFromOutside = ({ target }: PointerEvent) => {
      if (target instanceof Element && target.closest("header, #handle, #side") === null) {
        view.barCalled.value = false;
      }
    };
    document.addEventListener("pointerdown", closeFromOutside, { capture: true });
    return () => document.removeEventListener("pointerdown", closeFromOutside, { capture: true });
  }, []);
  const where = stays ? "placed" : called ? "over" : "away";
  return (
    <>
      <header
        class={where}
        onPointerEnter={stay}
        onPointerLeave={({ pointerType }) => pointerType === "mouse" && !stays && leave()}
        onFocusIn={stay}
        onFocusOut={() => !stays && leave()}
      >
        <img class="mark" src={iconUrl} alt="Oriel" width={20} height={20} />
        <h1 id="server-name">{name}</h1>
        <TabList tabs={tabs} />
        <p id="state" role="status">
          <span>{t(`state.${state.phase}`)}</span>
        </p>
        {watching && (
          <p id="role" class="mark-word">
            {t("role.observer")}
          </p>
        )}
        {connected && <Viewers viewers={live.news.value?.viewers ?? []} />}
        {connected && <Toolbar live={live} view={view} access={state.access} />}
        <Language />
      </header>
      {where === "away" && <Handle view={view} />}
    </>
  );
}
