import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Login, Server } from "../api.ts";
import { type Grid, gridFor, heightOf, inSight, placeOf, step } from "../grid.ts";
import type { Page } from "../page.ts";
import { ServerItem } from "./ServerItem.tsx";

interface Props {
  page: Page;
  login: Login;
  servers: Server[];
  handle: { current: { focus(): void } | null };
}

/** The list, of which only what is in sight is there, so that a thousand servers are as quick as three. */
export function ServerList({ page, login, servers, handle }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const layout = page.layout.value;
  const [width, setWidth] = useState(0);
  const [[first, end], setRange] = useState<[number, number]>([0, 0]);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const grid = gridFor(layout, width, rem, servers.length);
  const wantsFocus = useRef(false);

  useLayoutEffect(() => {
    const { current } = list;
    if (current === null) {
      return;
    }
    const look = () => {
      const { width, top } = current.getBoundingClientRect();
      setWidth(width);
      page.scrolled = window.scrollY;
      const now = gridFor(layout, width, rem, servers.length);
      page.pictures.width = now.width * devicePixelRatio;
      const range = inSight(now, servers.length, -top, innerHeight - top);
      setRange((before) => (before[0] === range[0] && before[1] === range[1] ? before : range));
    };
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(current);
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      watcher.disconnect();
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [layout, servers, rem]);

  useLayoutEffect(() => {
    // Back to where the list was before a login ended.
    window.scrollTo({ top: page.scrolled, behavior: "instant" });
  }, []);

  const found = servers.findIndex(({ id }) => id === page.current.value);
  const current = Math.max(0, found);
  useLayoutEffect(() => {
    if (wantsFocus.current) {
      wantsFocus.current = false;
      list.current
        ?.querySelector<HTMLElement>(".open[tabindex='0']")
        ?.focus({ preventScroll: true });
    }
  });

  const lead = (index: number) => {
    page.current.value = servers[index]?.id ?? null;
    wantsFocus.current = true;
    show(list.current, grid, index);
  };
  handle.current = { focus: () => lead(current) };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const onScreen = Math.max(1, Math.floor(innerHeight / (grid.height + grid.gap)) - 1);
    const next = step(event.key, current, grid.columns, onScreen, servers.length);
    if (next !== null) {
      event.preventDefault();
      lead(next);
    }
  };

  const indices = Array.from({ length: end - first }, (_, index) => first + index);
  if (current < first || current >= end) {
    // Else the focus would be lost where the list is scrolled away from it.
    indices.push(current);
  }
  return (
    <ul
      class={`servers ${layout}`}
      aria-label={t("servers")}
      ref={list}
      style={{ height: `${heightOf(grid, servers.length)}px` }}
      onKeyDown={onKeyDown}
    >
      {width > 0 &&
        indices.map((index) => {
          const server = servers[index];
          if (server === undefined) {
            return null;
          }
          const { x, y } = placeOf(grid, index);
          return (
            <ServerItem
              key={server.id}
              page={page}
              server={server}
              layout={layout}
              projectName={projectName(page, login, server)}
              position={index + 1}
              of={servers.length}
              isCurrent={index === current}
              x={x}
              y={y}
              width={grid.width}
              height={grid.height}
            />
          );
        })}
    </ul>
  );
}

/** Scrolls as little as it takes to have an item whole in sight. */
function show(list: HTMLElement | null, grid: Grid, index: number): void {
  if (list === null) {
    return;
  }
  const top = list.getBoundingClientRect().top + placeOf(grid, index).y;
  const bar = document.querySelector("header")?.getBoundingClientRect().bottom ?? 0;
  const margin = 12;
  const above = top - bar - margin;
  const below = top + grid.height + margin - innerHeight;
  if (above < 0 || below > 0) {
    window.scrollBy({ top: above < 0 ? above : below, behavior: "instant" });
  }
}

/** Worth its place only where servers of several projects stand beside each other. */
function projectName(page: Page, login: Login, server: Server): string | null {
  if (!page.inventory.allProjects.value) {
    return null;
  }
  return login.projects.find(({ id }) => id === server.project)?.name ?? server.project;
}
