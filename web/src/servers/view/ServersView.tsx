import { computed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Login, Server } from "../api.ts";
import { stateWords } from "../condition.ts";
import type { Page } from "../page.ts";
import { find } from "../search.ts";
import { Empty, NoneFound, NoProject } from "./Empty.tsx";
import { Filters } from "./Filters.tsx";
import { ServerList } from "./ServerList.tsx";
import { Toast } from "./Toast.tsx";
import { TopBar } from "./TopBar.tsx";

/** A person's servers. */
export function ServersView({ page, login }: { page: Page; login: Login }) {
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<{ focus(): void }>(null);
  const found = useMemo(
    () =>
      computed(() =>
        find(
          page.inventory.servers.value ?? [],
          {
            text: page.text.value,
            condition: page.condition.value,
            sort: page.sort.value,
          },
          (server) => t(stateWords(server)),
        ),
      ),
    [page],
  );
  // Before the list is drawn: whoever sees it may press the key at once.
  useLayoutEffect(() => {
    const lead = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof Element && event.target.closest("input, select, textarea");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.current?.focus();
        search.current?.select();
      }
    };
    window.addEventListener("keydown", lead);
    return () => window.removeEventListener("keydown", lead);
  }, []);
  return (
    <>
      <TopBar page={page} login={login} search={search} onLeave={() => list.current?.focus()} />
      <main id="servers">
        <h1 class="visually-hidden">{t("servers")}</h1>
        <Body page={page} login={login} found={found.value} list={list} />
      </main>
      <Toast page={page} />
    </>
  );
}

interface BodyProps {
  page: Page;
  login: Login;
  found: Server[];
  list: { current: { focus(): void } | null };
}

function Body({ page, login, found, list }: BodyProps) {
  const servers = page.inventory.servers.value;
  const skeletons = useSignal(false);
  const waiting = servers === null && page.inventory.problem.value === null;
  useEffect(() => {
    // A list that comes at once needs nothing to stand in for it.
    const timer = waiting ? setTimeout(() => (skeletons.value = true), 200) : undefined;
    if (!waiting) {
      skeletons.value = false;
    }
    return () => clearTimeout(timer);
  }, [waiting]);
  if (login.project === null) {
    return <NoProject page={page} user={login.user.name} />;
  }
  if (servers === null) {
    return waiting ? (
      <div class="skeletons" aria-busy="true" hidden={!skeletons.value}>
        <p class="visually-hidden" role="status">
          {t("servers.loading")}
        </p>
        {Array.from({ length: 8 }, (_, index) => (
          <div key={index} class="skeleton" />
        ))}
      </div>
    ) : null;
  }
  if (servers.length === 0) {
    return <Empty project={login.project} />;
  }
  return (
    <>
      <Filters page={page} servers={servers} found={found.length} />
      {found.length === 0 ? (
        <NoneFound page={page} />
      ) : (
        <ServerList page={page} login={login} servers={found} handle={list} />
      )}
    </>
  );
}
