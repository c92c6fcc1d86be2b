import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../common/view/Icon.tsx";
import { Menu } from "../../common/view/Menu.tsx";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import type { Access } from "../session.ts";
import type { ViewState } from "./state.ts";
import { TerminalMenu } from "./tools/TerminalMenu.tsx";
import type { Tool } from "./tools/tool.ts";
import { toolsFor } from "./tools/tools.tsx";

interface Props {
  live: LiveConsole;
  view: ViewState;
  access: Access;
}

/**
 * The buttons of the bar. Where they do not all fit they lose their words, and then go into a menu: one by one, and those
 * that are used least go first.
 */
export function Toolbar({ live, view, access }: Props) {
  const toolbar = useRef<HTMLElement>(null);
  const tools = toolsFor(live, view, access);
  const cuts = useCuts(toolbar, tools.map(({ label }) => label).join());
  const terminal = live.connection.value?.terminal;
  const wordless = leastOf(tools, cuts);
  const inMenu = leastOf(tools, cuts - tools.length);
  useLead(toolbar, view);
  const leadBack = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      live.focus();
    }
  };
  return (
    <section id="toolbar" aria-label={t("toolbar.label")} ref={toolbar} onKeyDown={leadBack}>
      {terminal && (
        <TerminalMenu live={live} terminal={terminal} watching={access.role === "observer"} />
      )}
      {tools
        .filter((tool) => !inMenu.includes(tool))
        .map((tool) => (
          <Button key={tool.id} tool={tool} hasWords={!wordless.includes(tool)} />
        ))}
      {inMenu.length > 0 && (
        <Menu
          id="more"
          label={t("toolbar.more")}
          icon={
            <Icon>
              <path d="M2.5 8h.5M7.75 8h.5M13 8h.5" stroke-width="2.25" />
            </Icon>
          }
        >
          {(close) => inMenu.map((tool) => <Item key={tool.id} tool={tool} close={close} />)}
        </Menu>
      )}
    </section>
  );
}

/** A mouse takes nothing from the screen that has the keyboard: it only presses. */
const keepFocus = (event: Event) => event.preventDefault();

function Button({ tool, hasWords }: { tool: Tool; hasWords: boolean }) {
  return (
    <button
      type="button"
      id={tool.id}
      class="tool"
      aria-label={tool.label}
      title={tool.label}
      aria-expanded={tool.expanded}
      aria-pressed={tool.pressed}
      onMouseDown={keepFocus}
      onClick={({ detail }) => tool.run(detail === 0)}
    >
      {tool.icon}
      {hasWords && <span class="label">{tool.label}</span>}
    </button>
  );
}

function Item({ tool, close }: { tool: Tool; close: () => void }) {
  const run = (byKeyboard: boolean) => {
    close();
    tool.run(byKeyboard);
  };
  return (
    <button
      type="button"
      id={tool.id}
      class="menu-item with-icon"
      aria-expanded={tool.expanded}
      aria-pressed={tool.pressed}
      onMouseDown={keepFocus}
      onClick={({ detail }) => run(detail === 0)}
    >
      {tool.icon}
      {tool.label}
    </button>
  );
}

/** More than there is ever to cut: twice the tools. */
const mostCuts = 40;

/** So many tools, those with the lowest ranks, in the order of the bar. */
function leastOf(tools: Tool[], count: number): Tool[] {
  const least = tools.toSorted((a, b) => a.rank - b.rank).slice(0, Math.max(0, count));
  return tools.filter((tool) => least.includes(tool));
}

/**
 * How much has to go so that the bar holds the rest: first their words, then the tools. It is measured, since
 * nobody knows how long the words of a language or the name of a server are.
 */
function useCuts(toolbar: RefObject<HTMLElement | null>, words: string): number {
  const [cuts, setCuts] = useState(0);
  const [width, setWidth] = useState(0);
  const bar = () => toolbar.current?.closest("header") ?? null;
  useEffect(() => {
    const element = bar();
    if (element === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => setCuts(0), [width, words]);
  useLayoutEffect(() => {
    const element = bar();
    if (element !== null && element.scrollWidth > element.clientWidth && cuts < mostCuts) {
      setCuts(cuts + 1);
    }
  });
  return cuts;
}

/**
 * The console takes every key, Tab too. Ctrl+Alt+Home, known from remote desktops, leads the keyboard to the bar, and from
 * there to what stands beside the screen; Escape leads it back.
 */
function useLead(toolbar: RefObject<HTMLElement | null>, view: ViewState): void {
  useEffect(() => {
    const lead = (event: KeyboardEvent) => {
      if (event.ctrlKey && event.altKey && event.key === "Home") {
        event.preventDefault();
        event.stopPropagation();
        const side = document.getElementById("side");
        if (side !== null && toolbar.current?.contains(document.activeElement)) {
          side.focus();
          return;
        }
        view.barCalled.value = true;
        // Once it is drawn.
        requestAnimationFrame(() => toolbar.current?.querySelector<HTMLElement>(".tool")?.focus());
      }
    };
    window.addEventListener("keydown", lead, { capture: true });
    return () => window.removeEventListener("keydown", lead, { capture: true });
  }, []);
}
